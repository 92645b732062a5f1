// The next moment at which something is due: the driver sets one timer for it.
import { workingConnection } from './model/draft.js';
import { never } from './model/limits.js';
import { canSend } from './model/room-state.js';
import type { Slices } from './model/slice.js';
import type { State } from './model/state.js';

/** Infinity if nothing is due. */
export function deadline(state: State, slices: Slices): number {
  const live = workingConnection(state);
  let next = never;
  const consider = (moment: number | undefined): void => {
    if (moment !== undefined && moment < next) next = moment;
  };
  for (const slice of slices.all) {
    consider(slice.deadline?.(state));
    if (live) consider(slice.liveDeadline?.(live));
    if (slice.roomDeadline)
      for (const room of state.rooms.values()) consider(slice.roomDeadline(room, state));
    if (live && slice.sendDeadline)
      for (const room of state.rooms.values()) if (canSend(room)) consider(slice.sendDeadline(room));
  }
  return next;
}
