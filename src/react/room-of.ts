// The room that a component holds: what its handle shows at one moment, and everything that the handle can do.
import type { Room, RoomHandle, RoomOwner } from '../client/room-handle.js';
import { errorOf } from '../client/promises.js';
import type { RoomView } from '../client/machine/view/view.js';

/** One moment of a room, and the view's error from which its own is made. */
interface Moment {
  readonly room: Room;
  readonly failure: RoomView['error'];
}

/** The newest two moments of each handle: while a page is hydrated, some components show the first state and some the current one. */
const moments = new WeakMap<RoomHandle, readonly Moment[]>();

export const roomHandle = {
  /** The handle behind a room: the same for as long as the id is. */
  of: <R>(room: Room<R>): RoomHandle => (room as unknown as RoomHandle).handle,

  /** The same, as an app sees it: for effects and callbacks that belong to the room and not to one moment of it. */
  lasting: <R>(room: Room<R>): Room<R> => (room as unknown as RoomHandle).handle as unknown as Room<R>,

  /** The client that a room is of, where what is handed over is a room and not only its id. */
  ownerOf: (room: { readonly id: string } | undefined): RoomOwner | undefined =>
    (room as Partial<RoomHandle> | undefined)?.owner,

  /**
   * The room as a view shows it: another object where status, continuity or error are others, so that whatever is
   * memoised by the room is made anew, and the same object where they are the same. Calls on an older one still work.
   */
  at(handle: RoomHandle, view: RoomView | undefined): Room {
    const { status = 'left', continuity = 'exact', error: failure = null } = view ?? {};
    const known = moments.get(handle) ?? [];
    for (const { room, failure: its } of known)
      if (room.status === status && room.continuity === continuity && its === failure) return room;
    // Own properties hide the getters of the handle, which is its prototype.
    const error = failure && errorOf(failure);
    const room = { __proto__: handle, status, continuity, error } as unknown as Room;
    moments.set(handle, [{ room, failure }, ...known].slice(0, 2));
    return room;
  },
};
