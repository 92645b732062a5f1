// The room of a component that does not want one yet, and has no id for it.
import { RealtimeError } from '../protocol/error.js';
import { untypedRoom } from '../contract/define-room.js';
import { unwatched } from './promises.js';
import type { RoomHandle, RoomOwner } from './room-handle.js';

const nothing = (): void => undefined;
const returnNothing = (): (() => void) => nothing;

/** A room that is never joined: it is `left`, holds nothing, and refuses what it is asked with `invalid`. */
export function createWaitingRoom(owner: RoomOwner): RoomHandle {
  const refuse = (): never => {
    throw new RealtimeError('invalid', 'the room is not enabled');
  };
  const reject = <T>(): Promise<T> => unwatched(Promise.resolve().then(refuse));
  const waiting: RoomHandle = {
    id: '',
    status: 'left',
    continuity: 'exact',
    error: null,
    contract: untypedRoom('waiting'),
    owner,
    get handle() {
      return waiting;
    },
    send: reject,
    history: reject,
    broadcast: refuse,
    setPresence: refuse,
    on: returnNothing,
    hold: nothing,
    leave: nothing,
    retain: returnNothing,
    retainList: returnNothing,
    loadOlder: nothing,
    deliver: nothing,
  };
  return waiting;
}
