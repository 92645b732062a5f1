// The room of a component that does not want to join yet, and may have no id for it.
import { untypedRoom } from '../../contract/define-room.js';
import { RealtimeError } from '../../protocol/error.js';
import { unwatched } from './promises.js';
import type { RoomHandle, RoomOwner } from './room-handle.js';

const doNothing = (): void => undefined;
const returnDoNothing = (): (() => void) => doNothing;

/** Makes a room that is never joined: its status is `left`, it holds nothing, and its calls fail with `invalid`. */
export function createWaitingRoom(owner: RoomOwner): RoomHandle {
  const refuse = (): never => {
    throw new RealtimeError('invalid', 'the room is not enabled');
  };
  const reject = <T>(): Promise<T> => unwatched(Promise.resolve().then(refuse));
  const waitingRoom: RoomHandle = {
    id: '',
    status: 'left',
    continuity: 'exact',
    error: null,
    contract: untypedRoom('waiting'),
    owner,
    get handle() {
      return waitingRoom;
    },
    send: reject,
    history: reject,
    broadcast: refuse,
    setPresence: refuse,
    on: returnDoNothing,
    hold: doNothing,
    leave: doNothing,
    retain: returnDoNothing,
    retainList: returnDoNothing,
    loadOlder: doNothing,
    deliver: doNothing,
  };
  return waitingRoom;
}
