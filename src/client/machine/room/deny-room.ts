// A room that is not for us: what waits in it cannot be done.
import { giveUp } from './history.js';
import { refuseAll } from '../outbox/queue.js';
import { denied } from './room.js';
import type { Failure, Room } from '../model/state.js';
import type { Turn } from '../model/draft.js';

/** Ends a room for good, with all that waits in it. */
export function bar(turn: Turn, room: Room, failure: Failure): void {
  denied(turn, room, failure);
  giveUp(turn, room, failure);
  refuseAll(turn, room, failure);
}
