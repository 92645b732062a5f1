// The next moment at which something is due: the driver sets one timer for it.
import { workingConnection } from './model/draft.js';
import { never } from './model/limits.js';
import { canSend } from './model/room-state.js';
import type { Slices } from './model/slice.js';
import type { State } from './model/state.js';

/** Infinity if nothing is due. */
export function deadline(state: State, { hooks }: Slices): number {
  const live = workingConnection(state);
  let next = never;
  const consider = (moment: number): void => {
    if (moment < next) next = moment;
  };
  for (const call of hooks.deadline ?? []) consider(call(state));
  if (live) for (const call of hooks.liveDeadline ?? []) consider(call(live));
  for (const room of state.rooms.values()) {
    for (const call of hooks.roomDeadline ?? []) consider(call(room, state));
    if (live && canSend(room)) for (const call of hooks.sendDeadline ?? []) consider(call(room));
  }
  return next;
}
