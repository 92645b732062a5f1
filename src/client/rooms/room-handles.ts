// The handles of a client's rooms, one for each room id.
import { untypedRoom } from '../../contract/define-room.js';
import type { RoomName } from '../../contract/infer.js';
import type { Driver } from '../driver/driver.js';
import type { Promises } from './promises.js';
import { createRoomHandle, type RoomHandle, type RoomOwner, type RoomServices } from './room-handle.js';

/**
 * Handles by the id of their room. An app may visit many rooms: a handle without a holder is forgotten together with
 * the app's last reference to it.
 */
export interface RoomHandles {
  find(id: string): RoomHandle | undefined;
  add(handle: RoomHandle): void;
}

export function createRoomHandles(): RoomHandles {
  const handles = new Map<string, Pick<WeakRef<RoomHandle>, 'deref'>>();
  return {
    find: (id) => handles.get(id)?.deref(),
    add(handle) {
      for (const [id, other] of handles) if (!other.deref()) handles.delete(id);
      // Older engines of React Native have no weak references. There a handle lives as long as its client.
      handles.set(handle.id, typeof WeakRef === 'function' ? new WeakRef(handle) : { deref: () => handle });
    },
  };
}

/** Returns the handle of a room, and makes it where there is none. */
export type GetRoomHandle = (room: RoomName, params?: Readonly<Record<string, string>>) => RoomHandle;

export function createGetRoomHandle(
  handles: RoomHandles,
  driver: Driver,
  owner: RoomOwner,
  makePromise: Promises['make'],
  randomId: (characters: number) => string,
): GetRoomHandle {
  let requests = 0;
  const services: RoomServices = {
    driver,
    owner,
    randomId,
    newRequest: () => ++requests,
    inUse: new Set(),
    makePromise,
  };
  return (room, params = {}) => {
    // Hooks ask at each render: the pattern of a plain name is read once.
    let handle = typeof room === 'string' ? handles.find(room) : undefined;
    if (handle) return handle;
    const contract = typeof room === 'string' ? untypedRoom(room) : room;
    const id = contract.longId(params);
    handle = handles.find(id);
    if (handle?.contract === contract) return handle;
    if (handle) handle.contract = contract;
    else {
      handle = createRoomHandle(id, contract, services);
      handles.add(handle);
    }
    // The outbox may hold messages of another page, which this page could not check without the contract.
    if (driver.state().rooms.get(id)?.outbox.entries.size) driver.dispatch({ type: 'contract', room: id });
    return handle;
  };
}
