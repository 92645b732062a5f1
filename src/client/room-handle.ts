// A room as an app holds it: calls become events, promises settle by effect.
import type { AnyContract } from '../contract/define-room.js';
import { checkMessage, checkPresence } from '../contract/validate.js';
import { isMessageType, kinds, type Check } from '../protocol/checks.js';
import { RealtimeError } from '../protocol/error.js';
import { checkPayload, copyPayload } from '../protocol/payload.js';
import type { Driver, ReadonlyStore } from './driver.js';
import { createHandlers, type Handler } from './message-listeners.js';
import { isDoubted } from './machine/model/connection-state.js';
import type { Receipt } from './machine/model/effects.js';
import { tooLarge } from './machine/model/failures.js';
import { mergePresence } from './machine/room/presence.js';
import type { Continuity, Room as RoomState } from './machine/model/room-state.js';
import type { Message } from './machine/model/message.js';
import { statusOf } from './machine/view/connection-view.js';
import type { RealtimeState, RoomStatus, RoomView } from './machine/view/view.js';
import { createToldMessages } from './told-messages.js';
import type { PresenceIn, RoomName, SendOf, TypeOf } from '../contract/infer.js';
import { errorOf, unwatched } from './promises.js';
import type { MessageIn } from './types.js';

export interface SendOptions {
  /** How long it may wait to leave, in ms: after that it fails with `expired`; where it left and the server says "not now", with `in-doubt`. Default: the outbox's `ttl`. */
  readonly ttl?: number;
  /** A newer message with the same key replaces this one while it has not left; both promises settle as the newer does. */
  readonly coalesce?: string;
  /** Takes it back while it has not left. */
  readonly signal?: AbortSignal;
}

export interface HistoryOptions {
  /** Only entries before this offset. Default: the newest. */
  readonly before?: number;
  /** How many, at most. Default 50. */
  readonly limit?: number;
}

export interface ListenOptions<R, T extends TypeOf<R>> {
  /** Only messages whose data has these values in these fields, by `Object.is`. Whom a message is not for is not looked at: a thousand rows of a table may each ask for their own. Default: all. */
  readonly where?: Partial<MessageIn<R, T>['data']>;
}

/**
 * A room of a client. From `client.room(…)` it is the same object for as long as the room is used or the
 * object is held,
 * and its `status`, `continuity` and `error` are those of now. From `useRoom` it is another object whenever one of them
 * changes, and shows them as they were when the component rendered.
 */
export interface Room<R = string> {
  readonly id: string;
  readonly status: RoomStatus;
  /** What is known of the room's messages since the last join: all of them, all after a catch-up, some missing for now, or started anew. */
  readonly continuity: Continuity;
  readonly error: RealtimeError | null;
  /**
   * Sends a durable message: logged, acknowledged, kept through offline times. Resolves once it is in the room's log; rejects with a {@link RealtimeError}:
   * `invalid`, `rejected` and other refusals of the server, `expired`, `overflow`, `aborted`, `closed`, or `in-doubt` if it left and was never acknowledged.
   */
  send<T extends TypeOf<R>>(type: T, data: SendOf<R, T>, options?: SendOptions): Promise<Receipt>;
  /** Sends to the others now or never: false if the room is not joined. Throws `invalid` where the data does not fit. */
  broadcast<T extends TypeOf<R>>(type: T, data: SendOf<R, T>): boolean;
  /** Merges into what the others see of us, at most every 50 ms. Throws `invalid` where the whole does not fit. */
  setPresence(patch: Partial<PresenceIn<R>>): void;
  /** Reads the log, oldest first. Rejects with `rejected` where the user may not read it, `denied` where the room is not for the user, `unavailable`, or `closed`. */
  history(options?: HistoryOptions): Promise<MessageIn<R>[]>;
  /** Calls `handler` for each message of this type, once, in order; broadcasts too. Returns what stops it. */
  on<T extends TypeOf<R>>(
    type: T,
    handler: (message: MessageIn<R, T>) => void,
    options?: ListenOptions<R, T>,
  ): () => void;
  /** Gives back one `client.room(…)`. The room is left a moment after its last user did. */
  leave(): void;
}

/** The client that a room is of, as hooks need it. */
export interface RoomOwner {
  readonly store: ReadonlyStore<RealtimeState>;
  retry(id: string): void;
  discard(id: string): void;
}

/** What a handle needs of its client. */
export interface RoomServices {
  readonly driver: Driver;
  readonly owner: RoomOwner;
  readonly newId: () => string;
  readonly newRef: () => number;
  /** Handles that somebody uses: the client forgets the others with whoever held them. */
  readonly inUse: Set<RoomHandle>;
  /** The promise of a send by its id, which nobody has to watch, or of a history request by its number. */
  readonly settled: <T>(key: string | number) => Promise<T>;
}

/** What the React half uses besides: counting users, lists, handlers of every type. */
export interface RoomHandle extends Room<RoomName> {
  /** The newest that the room was asked for with: a hot update brings another, and a contract comes after a plain name. */
  contract: AnyContract;
  readonly owner: RoomOwner;
  /** This handle, also of an object that inherits from it. */
  readonly handle: RoomHandle;
  /** Counts a user. Returns what gives it back, once. */
  retain(options: {
    readonly history?: number | undefined;
    readonly presence?: Readonly<Record<string, unknown>> | undefined;
  }): () => void;
  retainList(list: string, limit: number): () => void;
  loadOlder(list: string, limit: number): void;
  /** Hands a message to its handlers, once. */
  deliver(message: Message, failed: (error: unknown) => void): void;
  hold(): void;
}

const { count: isCount, object: isObject } = kinds as Readonly<Record<'count' | 'object', Check>>;
const invalid = (message: string, details?: unknown): RealtimeError =>
  new RealtimeError('invalid', message, details);

/** Throws where an app's number, which a frame would carry, is none. */
function checkCount(it: number): void {
  if (!isCount(it)) throw invalid(`${String(it)} is no whole number from 0`);
}

function checkSize(bytes: number, most: number): void {
  if (bytes > most) throw errorOf(tooLarge(bytes, most));
}

/** A call that throws, as a promise that rejects. */
function promised<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call();
  } catch (error) {
    return unwatched(Promise.reject(error as RealtimeError));
  }
}

/**
 * Reads what the app handed over. A getter or a schema of the app's may throw anything: the app hears `invalid`, with
 * what was thrown as its details.
 */
function readingApp<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RealtimeError ? error : invalid(`could not be read: ${String(error)}`, error);
  }
}

type Presence = Readonly<Record<string, unknown>>;

/** An estimate of what frame and field names add to a payload. */
const envelope = 128;

export function createRoomHandle(id: string, contract: AnyContract, services: RoomServices): RoomHandle {
  const { driver } = services;
  const handlers = createHandlers();
  const isNew = createToldMessages();
  const holds: (() => void)[] = [];
  let users = 0;
  const view = (): RoomView | undefined => driver.store.getState().rooms[id];
  const state = (): RoomState | undefined => driver.state().rooms.get(id);

  /** A message as it travels and as it is shown, with its size. Throws where it does not fit. */
  const checked = (type: string, data: unknown) =>
    readingApp(() => {
      if (!isMessageType(type)) throw invalid('a type has 1 to 256 characters');
      const { data: shown, version, bytes: payload } = checkMessage(handle.contract, type, data);
      const bytes = payload + envelope;
      checkSize(bytes, driver.state().limits.frame);
      return { shown, version, bytes, data: copyPayload(data) };
    });
  /** What the others see of a presence with what is said. Throws where that, as a whole, does not fit. */
  const shownOf = (said: Readonly<Record<string, unknown>>, before?: unknown): Presence =>
    readingApp(() => {
      if (!isObject(said) || !isObject(before ?? {})) throw invalid('a presence is an object');
      const presence = mergePresence(before, said);
      const shown = checkPresence(handle.contract, presence);
      checkSize(checkPayload(presence), driver.state().limits.presence);
      return shown as Presence;
    });
  /** Counts a user, who gives back once, however often that is called. */
  const once = (release: () => void) => {
    let held = true;
    users++;
    services.inUse.add(handle);
    return () => {
      if (!held) return;
      held = false;
      release();
      if (--users === 0) services.inUse.delete(handle);
    };
  };

  const retain: RoomHandle['retain'] = ({ history = 0, presence }) => {
    checkCount(history);
    const room = state();
    const [said, before] = room?.membership.users
      ? [room.presence.own ?? {}, presence]
      : [presence, room?.presence.own];
    const shown = presence ? shownOf(said as Presence, before) : null;
    driver.dispatch({ type: 'retain', room: id, history, presence: presence ?? null, shown });
    return once(() => {
      driver.dispatch({ type: 'release', room: id });
    });
  };

  function send(type: string, data: unknown, { ttl, coalesce, signal }: SendOptions = {}): Promise<Receipt> {
    if (signal?.aborted) throw new RealtimeError('aborted', 'the signal is aborted');
    if (!((ttl ?? 0) >= 0) || typeof (coalesce ?? '') !== 'string')
      throw invalid('ttl is a number from 0, coalesce a text');
    const { version, data: plain, shown, bytes } = checked(type, data);
    const messageId = services.newId();
    const settled = services.settled<Receipt>(messageId);
    driver.send({
      id: messageId,
      room: id,
      type,
      version,
      data: plain,
      displayData: shown,
      bytes,
      ttl: ttl ?? null,
      coalesceKey: coalesce ?? null,
    });
    if (!signal) return settled;
    const abort = (): void => {
      driver.dispatch({ type: 'abort', room: id, id: messageId });
    };
    signal.addEventListener('abort', abort);
    return unwatched(
      settled.finally(() => {
        signal.removeEventListener('abort', abort);
      }),
    );
  }

  const handle: RoomHandle = {
    id,
    contract,
    owner: services.owner,
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
    send: (type, data, options) => promised(() => send(type, data, options)),
    broadcast(type, data) {
      const { version, data: plain } = checked(type, data);
      const { connection } = driver.state();
      if (connection.status !== 'live' || isDoubted(connection)) return false;
      const before = state();
      if (before?.membership.phase.status !== 'joined') return false;
      driver.dispatch({ type: 'broadcast', room: id, message: type, version, data: plain });
      return state() !== before;
    },
    setPresence(patch) {
      const shown = shownOf(patch, state()?.presence.own);
      driver.dispatch({ type: 'presence', room: id, patch, shown });
    },
    history: ({ before, limit = 50 } = {}) =>
      promised(() => {
        checkCount(before ?? 0);
        checkCount(limit);
        const ref = services.newRef();
        const answer = services.settled<MessageIn<RoomName>[]>(ref);
        driver.dispatch({ type: 'history', ref, room: id, before: before ?? null, limit, list: null });
        return answer;
      }),
    on: (type, handler, { where = {} } = {}) => handlers.add(type, handler as unknown as Handler, where),
    hold() {
      holds.push(retain({}));
    },
    leave() {
      holds.pop()?.();
    },
    retain,
    retainList(list, limit) {
      checkCount(limit);
      driver.dispatch({ type: 'list-retain', room: id, list, limit, ref: services.newRef() });
      return once(() => {
        driver.dispatch({ type: 'list-release', room: id, list });
      });
    },
    loadOlder(list, limit) {
      driver.dispatch({ type: 'history', ref: services.newRef(), room: id, before: null, limit, list });
    },
    deliver(message, failed) {
      if (isNew(message)) handlers.deliver(message, failed);
    },
  };
  return handle;
}
