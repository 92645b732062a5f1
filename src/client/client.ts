// A client: makes its parts, and connects them.
import type { RoomName, ParamsOf } from '../contract/infer.js';
import { checkRoomId } from '../contract/pattern.js';
import { readMessage } from '../contract/validate.js';
import type { Codec } from '../protocol/codec.js';
import { RealtimeError } from '../protocol/error.js';
import type { Attempts, MakeAttempts } from './attempts.js';
import { createListeners, type ClientEvents, type Listeners } from './client-events.js';
import { createDeliver } from './deliver.js';
import { createDriver, type Driver } from './driver/driver.js';
import type { Inspector } from './driver/machine-runner.js';
import type { ReadonlyStore } from './driver/publisher.js';
import { systemClock, type Clock } from './edge/clock.js';
import type { Logger } from './edge/logger.js';
import { onFrame, onMicrotask, type Schedule } from './edge/frame.js';
import { randomId } from './edge/ids.js';
import { browserSignals, isPage, type Signals } from './edge/signals.js';
import { attemptsLater } from './late-code.js';
import { attemptsOf } from './machine/model/connection-state.js';
import type { Context } from './machine/model/context.js';
import type { Event } from './machine/model/events.js';
import { initialState, type State } from './machine/model/state.js';
import type { RealtimeState } from './machine/view/view.js';
import { configOf, type ClientOptions } from './options.js';
import { createPerform, type PerformedEffect } from './perform.js';
import { createPromises } from './rooms/promises.js';
import { asRoom, type RoomHandle, type RoomOwner } from './rooms/room-handle.js';
import { createGetRoomHandle, createRoomHandles, type RoomHandles } from './rooms/room-handles.js';
import type { Room } from './rooms/room.js';
import { createStorageLink, type StorageLink } from './storage-link.js';
import type { StorageHost } from './storage/port.js';

/**
 * A client: one session with a server, over one connection after the other.
 *
 * @example
 * const client = createClient({ url: 'wss://example.com/realtime', token: () => fetchToken() });
 * client.on('error', (error) => console.warn(error.code, error.message));
 * client.connect();
 * const room = client.room('lobby');
 * await room.send('said', { text: 'hello' });
 */
export interface Client {
  /** The state as hooks read it, in a zustand vanilla store. */
  readonly store: ReadonlyStore<RealtimeState>;
  /** Connects, unless the client is connected or about to be. It also leaves the states `needs-auth` and `closed`. */
  connect(): void;
  /**
   * Closes the connection until `connect()`. Messages that were not sent reject with `closed`, and those without an
   * answer with `in-doubt`.
   */
  close(): void;
  /** Gives up the current connection, or the wait for the next attempt, and connects at once. */
  reconnect(): void;
  /**
   * Joins a room. The client stays in it until you call `leave()` of the room as often as this.
   *
   * @throws RealtimeError `invalid` if a parameter is missing or empty, or if the id is too long
   */
  room<R extends RoomName>(room: R, ...params: RoomArgs<R>): Room<R>;
  /**
   * Returns a room without joining it. It is for bindings to a framework, which count the holders of a room
   * themselves.
   */
  handle(room: RoomName, params?: Readonly<Record<string, string>>): RoomHandle;
  /** Sends a failed message again, as the newest of its room. `id` is that of an entry in the outbox. */
  retry(id: string): void;
  /** Forgets a failed message, or takes back a message that was not sent yet. */
  discard(id: string): void;
  /** Adds a listener. Returns a function that removes it. */
  on<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  /**
   * Puts an inspector between the client's machine and the world, for developer tools. Events and effects change with
   * each release of the library.
   */
  inspect(inspector: Inspector): Inspection;
}

/** The calls of an inspector. */
export interface Inspection {
  readonly codecs: readonly Codec[];
  state(): State;
  /** Gives an event to the machine, as if it had happened. */
  dispatch(event: Event): void;
  /** Performs an effect, as if the machine had asked for it. */
  perform(effect: PerformedEffect): void;
  stop(): void;
}

type RoomArgs<R> = keyof ParamsOf<R> extends never ? [params?: ParamsOf<R>] : [params: ParamsOf<R>];

/** What a client needs of the world: clock, transports, signals, chance. */
export interface ClientPorts {
  readonly clock: Clock;
  readonly attempts: MakeAttempts;
  readonly signals: Signals;
  readonly random: () => number;
  readonly randomId: (characters: number) => string;
  readonly schedule: Schedule;
}

/**
 * Makes a client. It opens nothing until you call `connect()`.
 *
 * @throws TypeError if an option makes no sense. The message names the option.
 *
 * @example
 * const client = createClient({ url: 'wss://example.com/realtime' });
 * client.connect();
 */
export function createClient(options: ClientOptions): Client {
  const load = async (): Promise<MakeAttempts> =>
    (await import('./connection.js')).connectionOver(systemClock.now);
  // The code loads while the page renders. The first attempt loads it again, and reports a failure.
  if (isPage) load().catch(() => undefined);
  return createClientWith(options, {
    clock: systemClock,
    attempts: (host) => attemptsLater(load, host),
    signals: browserSignals,
    random: Math.random,
    randomId,
    schedule: options.flush === 'microtask' ? onMicrotask : onFrame,
  });
}

/** Makes a client on other ports than those of the browser. */
export function createClientWith(options: ClientOptions, ports: ClientPorts): Client {
  const { clock, randomId: newId } = ports;
  const logger = options.logger ?? console;
  const config = configOf(options);
  const newSession = () => ({ key: newId(26), instance: newId(12) });

  // The parts. None of them calls another while it is made.
  const listeners = createListeners(logger);
  const promises = createPromises();
  const handles = createRoomHandles();
  const driver = createDriver(initialState(newSession()), {
    clock,
    schedule: ports.schedule,
    context: { random: ports.random, newSession, config, parse: createParse(handles) },
  });
  const { dispatch, state } = driver;
  const storageHost = createStorageHost(options, ports, driver, listeners, logger);
  const storage = createStorageLink(storageHost, options.outbox);
  const attempts = ports.attempts({
    options,
    dispatch,
    isCurrent: (attempt) => attemptsOf(state().connection).includes(attempt),
    maxMessageBytes: () => state().limits.frame,
    ready: storage.ready,
    report: listeners.report,
  });
  const owner = createOwner(driver);
  const handle = createGetRoomHandle(handles, driver, owner, promises.make, newId);
  const perform = createPerform(attempts, promises, storage, listeners);

  driver.connect({
    slices: () => attempts.slices,
    perform,
    deliver: createDeliver(handles, listeners, logger, clock.now, newId),
    pumped: storage.sync,
    changed(view, before) {
      if (view.connection !== before.connection)
        listeners.emit('connection', view.connection, before.connection);
    },
  });

  return {
    ...owner,
    ...createLifecycle(ports.signals, driver, storage),
    room(room, ...[params]) {
      const joined = handle(room, params as Readonly<Record<string, string>> | undefined);
      checkRoomId(joined.id);
      joined.hold();
      return asRoom(joined);
    },
    handle,
    on: listeners.on,
    inspect: createInspect(driver, attempts, perform),
  };
}

/** The calls that open and close a client. */
function createLifecycle(
  listenToSignals: Signals,
  { state, dispatch }: Driver,
  storage: StorageLink,
): Pick<Client, 'connect' | 'reconnect' | 'close'> {
  let stopSignals: (() => void) | null = null;
  /** A client that was idle or closed opens its storage first. */
  const open = (type: 'connect' | 'reconnect') => (): void => {
    stopSignals ??= listenToSignals((signal) => {
      dispatch({ type: signal });
    });
    const { status } = state().connection;
    if (status === 'idle' || status === 'closed') storage.open();
    dispatch({ type });
  };
  return {
    connect: open('connect'),
    reconnect: open('reconnect'),
    close() {
      stopSignals?.();
      stopSignals = null;
      dispatch({ type: 'close' });
      storage.release();
    },
  };
}

function createStorageHost(
  options: ClientOptions,
  ports: ClientPorts,
  { dispatch, state }: Driver,
  { emit }: Listeners,
  logger: Logger,
): StorageHost {
  return {
    ...ports,
    url: options.url,
    dispatch,
    state,
    tell: (event) => emit('storage', event),
    logger,
    spawn: (storage) => createClientWith({ ...options, outbox: { ...options.outbox, storage } }, ports),
  };
}

const createInspect =
  (
    { state, dispatch, inspect }: Driver,
    attempts: Attempts,
    perform: (effect: PerformedEffect) => void,
  ): Client['inspect'] =>
  (inspector) => ({
    get codecs() {
      return attempts.codecs;
    },
    state,
    dispatch,
    perform,
    stop: inspect(inspector),
  });

/** Reads the data of messages by the contract of their room, where the app has asked for the room with one. */
const createParse =
  ({ find }: RoomHandles): Context['parse'] =>
  (room, type, version, data) => {
    const contract = find(room)?.contract;
    try {
      return contract ? readMessage(contract, type, version, data, 'trust-current') : { data };
    } catch (error) {
      return error instanceof RealtimeError ? error : { code: 'invalid', message: String(error) };
    }
  };

function createOwner({ store, state, dispatch }: Driver): RoomOwner {
  /** Dispatches an event for a message of the outbox, with the room that holds the message. */
  const withRoomOf =
    (type: 'retry' | 'discard') =>
    (id: string): void => {
      for (const { id: room, outbox } of state().rooms.values())
        if (outbox.entries.has(id)) return dispatch({ type, room, id });
    };
  return { store, retry: withRoomOf('retry'), discard: withRoomOf('discard') };
}
