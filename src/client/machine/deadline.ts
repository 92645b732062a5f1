// The next moment at which something is due: the driver sets one timer for it.
import { never } from './model/limits.js';
import type { State } from './model/state.js';
import { slices } from './slices.js';

/** Infinity if nothing is due. */
export function deadline(state: State): number {
  let next = never;
  for (const slice of slices.all) {
    if (slice.deadline) next = Math.min(next, slice.deadline(state));
    if (slice.roomDeadline)
      for (const room of state.rooms.values()) next = Math.min(next, slice.roomDeadline(room, state));
  }
  return next;
}
