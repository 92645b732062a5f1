// The room of a component that does not want one yet, and has no id for it.
import { RealtimeError } from '../protocol/error.js';
import { untypedRoom } from '../contract/define-room.js';
import { unwatched } from './promises.js';
import type { RoomHandle, RoomOwner } from './room-handle.js';

const nothing = (): void => undefined;

/** A room that is never joined: it is `left`, holds nothing, and refuses what it is asked with `invalid`. */
export function createWaitingRoom(owner: RoomOwner): RoomHandle {
  const refuse = (): never => {
    throw new RealtimeError('invalid', 'the room is not enabled, and has no id yet');
  };
  const reject = <T>(): Promise<T> => unwatched(Promise.resolve().then(refuse));
  return {
    id: '',
    status: 'left',
    continuity: 'exact',
    error: null,
    contract: untypedRoom('waiting'),
    follow: nothing,
    owner,
    send: reject,
    history: reject,
    broadcast: refuse,
    setPresence: refuse,
    on: () => nothing,
    hold: nothing,
    leave: nothing,
    retain: () => nothing,
    retainList: () => nothing,
    loadOlder: nothing,
    deliver: nothing,
  };
}
