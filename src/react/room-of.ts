// The room that a component renders: it shows one moment, and does everything that the room's handle does.
import type { RoomView } from '../client/machine/view/view.js';
import { errorOf } from '../client/rooms/promises.js';
import { asRoom, type RoomHandle, type RoomOwner } from '../client/rooms/room-handle.js';
import type { Room } from '../client/rooms/room.js';

/** One moment of a room, and the failure that its error was made from. */
interface Moment {
  readonly room: Room;
  readonly failure: RoomView['error'];
}

/**
 * The two newest moments of each handle. While React hydrates a page, some components render the first state and others
 * the current one.
 */
const moments = new WeakMap<RoomHandle, readonly Moment[]>();

export const roomHandle = {
  /** Returns the handle behind a room, which is the same for each moment of the room. */
  of: <R>(room: Room<R>): RoomHandle => (room as unknown as RoomHandle).handle,

  /** Returns the handle as the app sees it, for effects and callbacks that do not depend on one moment of the room. */
  lasting: <R>(room: Room<R>): Room<R> => asRoom(roomHandle.of(room)),

  /** Returns the client of a room; undefined for an object that has a room's id only. */
  ownerOf: (room: { readonly id: string } | undefined): RoomOwner | undefined =>
    (room as Partial<RoomHandle> | undefined)?.owner,

  /**
   * Returns the room as a view shows it: the same object while status, continuity and error are the same, and another
   * one after each change, so that React computes anew what depends on the room. Calls on an older object still work.
   */
  at<R>(handle: RoomHandle, view: RoomView | undefined): Room<R> {
    const { status = 'left', continuity = 'exact', error: failure = null } = view ?? {};
    const known = moments.get(handle) ?? [];
    const same = known.find(
      ({ room, failure: knownFailure }) =>
        room.status === status && room.continuity === continuity && knownFailure === failure,
    );
    if (same) return asRoom(same.room);
    // The handle is the prototype, and own properties hide its getters.
    const error = failure && errorOf(failure);
    const room = { __proto__: handle, status, continuity, error } as unknown as Room;
    moments.set(handle, [{ room, failure }, ...known].slice(0, 2));
    return asRoom(room);
  },
};
