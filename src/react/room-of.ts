// From the room that a component holds to the handle behind it, which is the same object with more to it.
import type { Room, RoomHandle } from '../client/room-handle.js';

export const roomHandle = {
  toRoom: <R>(handle: RoomHandle): Room<R> => handle as unknown as Room<R>,
  of: <R>(room: Room<R>): RoomHandle => room as unknown as RoomHandle,
};
