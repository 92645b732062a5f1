// The handle of a room: it turns calls of the app into events, and shows the state of the room.
import type { AnyContract } from '../../contract/define-room.js';
import type { RoomName } from '../../contract/infer.js';
import { RealtimeError } from '../../protocol/error.js';
import type { Driver } from '../driver/driver.js';
import type { ReadonlyStore } from '../driver/publisher.js';
import { isDoubted } from '../machine/model/connection-state.js';
import type { Receipt } from '../machine/model/effects.js';
import type { Event } from '../machine/model/events.js';
import type { Message } from '../machine/model/message.js';
import type { Room as RoomState } from '../machine/model/room-state.js';
import { statusOf } from '../machine/view/connection-view.js';
import type { RealtimeState, RoomView } from '../machine/view/view.js';
import {
  checkCount,
  checkOutgoing,
  checkPatched,
  invalid,
  rejectThrown,
  type Presence,
} from './check-calls.js';
import { createMessageListeners, type Handler } from './message-listeners.js';
import { errorOf, unwatched } from './promises.js';
import type { Room, SendOptions } from './room.js';
import { createToldMessages } from './told-messages.js';
import type { MessageIn } from './types.js';

/** The client of a room, as far as hooks need it. */
export interface RoomOwner {
  readonly store: ReadonlyStore<RealtimeState>;
  /** Sends a failed message again, as the newest of its room. */
  retry(id: string): void;
  /** Forgets a failed message, or takes back one that was not sent yet. */
  discard(id: string): void;
}

/** What a handle needs of its client. */
export interface RoomServices {
  readonly driver: Driver;
  readonly owner: RoomOwner;
  readonly randomId: (characters: number) => string;
  /** Returns the number of a new request for history. */
  readonly newRequest: () => number;
  /** Handles that have a holder. The client keeps these alive, and forgets others together with the app. */
  readonly inUse: Set<RoomHandle>;
  /** Makes the promise of a message, by its id, or of a request for history, by its number. */
  readonly makePromise: <T>(key: string | number) => Promise<T>;
}

/** A room with what the hooks need besides: counted holders, lists, and delivery to handlers. */
export interface RoomHandle extends Room<RoomName> {
  /**
   * The newest contract that the app asked for the room with. Without one it is untyped. A hot update brings another.
   */
  contract: AnyContract;
  readonly owner: RoomOwner;
  /** This handle, also where an object that inherits from it is asked. */
  readonly handle: RoomHandle;
  /** Adds a holder. Returns a function that removes it; a second call does nothing. */
  retain(options: {
    readonly history?: number | undefined;
    readonly presence?: Presence | undefined;
  }): () => void;
  /** Keeps a list of the newest messages. Returns a function that ends it once. */
  retainList(list: string, limit: number): () => void;
  loadOlder(list: string, limit: number): void;
  /** Hands a message to its handlers, once. */
  deliver(message: Message, failed: (error: unknown) => void): void;
  /** Adds a holder that `leave` ends. */
  hold(): void;
}

/** Shows a handle to the app as a room with the types of its contract. */
export const asRoom = <R>(handle: Room): Room<R> => handle as unknown as Room<R>;

export function createRoomHandle(id: string, contract: AnyContract, services: RoomServices): RoomHandle {
  const { driver, owner, newRequest, makePromise } = services;
  const listeners = createMessageListeners();
  const isNew = createToldMessages();
  const holds: (() => void)[] = [];
  let holders = 0;
  const view = (): RoomView | undefined => driver.store.getState().rooms[id];
  const state = (): RoomState | undefined => driver.state().rooms.get(id);

  /** Counts a holder. Returns a function that ends it once, with this event. */
  const addHolder = (release: Event) => {
    let isHeld = true;
    holders++;
    services.inUse.add(handle);
    return () => {
      if (!isHeld) return;
      isHeld = false;
      driver.dispatch(release);
      if (--holders === 0) services.inUse.delete(handle);
    };
  };

  const handle: RoomHandle = {
    id,
    contract,
    owner,
    get handle() {
      return handle;
    },
    get status() {
      const room = state();
      return view()?.status ?? (room ? statusOf(room) : 'left');
    },
    get continuity() {
      return view()?.continuity ?? 'exact';
    },
    get error() {
      const failure = view()?.error;
      return failure ? errorOf(failure) : null;
    },
    send: (type, data, options) => rejectThrown(() => send(handle, services, type, data, options)),
    broadcast: (type, data) => broadcast(handle, driver, type, data),
    setPresence(patch) {
      const shown = checkPatched(
        handle.contract,
        patch,
        state()?.presence.own,
        driver.state().limits.presence,
      );
      driver.dispatch({ type: 'presence', room: id, patch, shown });
    },
    history: ({ before, limit = 50 } = {}) =>
      rejectThrown(() => {
        checkCount(before ?? 0);
        checkCount(limit);
        const ref = newRequest();
        const answer = makePromise<MessageIn<RoomName>[]>(ref);
        driver.dispatch({ type: 'history', ref, room: id, before: before ?? null, limit, list: null });
        return answer;
      }),
    on: (type, handler, { where = {} } = {}) => listeners.add(type, handler as unknown as Handler, where),
    hold() {
      holds.push(handle.retain({}));
    },
    leave() {
      holds.pop()?.();
    },
    retain(options) {
      retain(handle, driver, options);
      return addHolder({ type: 'release', room: id });
    },
    retainList(list, limit) {
      checkCount(limit);
      driver.dispatch({ type: 'list-retain', room: id, list, limit, ref: newRequest() });
      return addHolder({ type: 'list-release', room: id, list });
    },
    loadOlder(list, limit) {
      driver.dispatch({ type: 'history', ref: newRequest(), room: id, before: null, limit, list });
    },
    deliver(message, failed) {
      if (isNew(message)) listeners.deliver(message, failed);
    },
  };
  return handle;
}

function send(
  handle: RoomHandle,
  { driver, randomId, makePromise }: RoomServices,
  type: string,
  data: unknown,
  { ttl, coalesce, signal }: SendOptions = {},
): Promise<Receipt> {
  if (signal?.aborted) throw new RealtimeError('aborted', 'the signal is aborted');
  if (!((ttl ?? 0) >= 0) || typeof (coalesce ?? '') !== 'string')
    throw invalid('ttl is a number from 0, coalesce a text');
  const message = checkOutgoing(handle.contract, type, data, driver.state().limits.frame);
  const id = randomId(12);
  const receipt = makePromise<Receipt>(id);
  // Each field is named: V8 makes a slow object of a spread that more fields follow, and of each copy of it.
  driver.send({
    id,
    room: handle.id,
    type,
    version: message.version,
    data: message.data,
    displayData: message.displayData,
    bytes: message.bytes,
    ttl: ttl ?? null,
    coalesceKey: coalesce ?? null,
  });
  if (!signal) return receipt;
  const abort = (): void => {
    driver.dispatch({ type: 'abort', room: handle.id, id });
  };
  signal.addEventListener('abort', abort);
  return unwatched(
    receipt.finally(() => {
      signal.removeEventListener('abort', abort);
    }),
  );
}

function broadcast(handle: RoomHandle, driver: Driver, type: string, data: unknown): boolean {
  const { id: room, contract } = handle;
  const message = checkOutgoing(contract, type, data, driver.state().limits.frame);
  const { connection, rooms } = driver.state();
  if (connection.status !== 'live' || isDoubted(connection)) return false;
  const before = rooms.get(room);
  if (before?.membership.phase.status !== 'joined') return false;
  driver.dispatch({ type: 'broadcast', room, message: type, version: message.version, data: message.data });
  return driver.state().rooms.get(room) !== before;
}

/** Makes the event of a new holder, and joins its presence to the presence of earlier holders. */
function retain(
  { id, contract }: RoomHandle,
  driver: Driver,
  { history = 0, presence }: Parameters<RoomHandle['retain']>[0],
): void {
  checkCount(history);
  const { rooms, limits } = driver.state();
  const room = rooms.get(id);
  const [patch, before] = room?.membership.users
    ? [room.presence.own ?? {}, presence]
    : [presence, room?.presence.own];
  const shown = presence ? checkPatched(contract, patch as Presence, before, limits.presence) : null;
  driver.dispatch({ type: 'retain', room: id, history, presence: presence ?? null, shown });
}
