// A client: options in, room handles and a store out. Joins the machine to the world.
import { untypedRoom } from '../contract/define-room.js';
import { checkRoomId } from '../contract/pattern.js';
import { readMessage } from '../contract/validate.js';
import type { Codec } from '../protocol/codec.js';
import { RealtimeError } from '../protocol/error.js';
import type { MakeAttempts } from './attempts.js';
import { createDriver, type Delivery, type Inspector, type ReadonlyStore } from './driver.js';
import { systemClock, type Clock } from './edge/clock.js';
import { onFrame, onMicrotask, type Schedule } from './edge/frame.js';
import { randomId } from './edge/ids.js';
import { browserSignals, isPage, type Signals } from './edge/signals.js';
import { attemptsLater } from './late-code.js';
import type { Effect } from './machine/model/effects.js';
import type { Event } from './machine/model/events.js';
import { attemptsOf } from './machine/model/connection-state.js';
import { initialState, type State } from './machine/model/state.js';
import type { ConnectionState, RealtimeState } from './machine/view/view.js';
import { configOf, type ClientOptions } from './options.js';
import type { Keeper, StorageEvent, StorageHost } from './storage/port.js';
import { createPromises, errorOf } from './promises.js';
import { createRoomHandle, type Room, type RoomHandle, type RoomOwner } from './room-handle.js';
import type { ParamsOf, RoomName } from '../contract/infer.js';

export interface ClientEvents {
  /** The connection's public state changed. */
  connection: (state: ConnectionState, before: ConnectionState) => void;
  /** Something went wrong that no promise tells: a message this end cannot read, a failing url or token function, a handler that threw. */
  error: (error: RealtimeError, room: string | null) => void;
  /** A room's messages start anew: `missing` are the offsets that were not seen, where they are known. */
  reset: (event: {
    readonly room: string;
    readonly why: string;
    readonly missing: readonly [from: number, to: number] | null;
  }) => void;
  /** What became of the outbox's storage. */
  storage: (event: StorageEvent) => void;
  /**
   * The server's log lost messages that it had acknowledged, more than are still held here. `count`: how many; after a reload, those of the page before
   * count too, among them what it may just have sent again.
   */
  'acked-lost': (event: { readonly room: string; readonly count: number }) => void;
}

export interface Client {
  /** A zustand vanilla store, to read from. */
  readonly store: ReadonlyStore<RealtimeState>;
  /** Connects, where it is not connected or about to be. Also leaves `needs-auth` and `closed`. */
  connect(): void;
  /** Closes for now or for good: unsettled sends reject with `closed`, or `in-doubt` where they had left. */
  close(): void;
  /** Gives the current connection or wait up and tries at once. */
  reconnect(): void;
  /** A room, joined until its handle's `leave()`. */
  room<R extends RoomName>(room: R, ...params: RoomArgs<R>): Room<R>;
  /** A room by its id, without joining it: for bindings, which count users themselves. */
  handle(room: RoomName, params?: Readonly<Record<string, string>>): RoomHandle;
  /** Sends a failed message again, as the newest of its room. */
  retry(id: string): void;
  /** Forgets a failed message, or takes back one that has not left. */
  discard(id: string): void;
  on<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  /** For developer tools: stands between the client's machine and the world. What it is given, and what it may do, changes with the library. */
  inspect(inspector: Inspector): Inspection;
}

/** What an inspector may do besides. */
export interface Inspection {
  readonly codecs: readonly Codec[];
  state(): State;
  /** As if it had happened. */
  dispatch(event: Event): void;
  /** As if the machine had asked for it. */
  perform(effect: Exclude<Effect, Delivery>): void;
  stop(): void;
}

type RoomArgs<R> = keyof ParamsOf<R> extends never ? [params?: ParamsOf<R>] : [params: ParamsOf<R>];

/** The world, as a client meets it. */
export interface ClientPorts {
  readonly clock: Clock;
  readonly attempts: MakeAttempts;
  readonly signals: Signals;
  readonly random: () => number;
  readonly randomId: (characters: number) => string;
  readonly schedule: Schedule;
}

/**
 * A client. Opens nothing until `connect()`.
 *
 * @throws TypeError where an option makes no sense.
 */
export function createClient(options: ClientOptions): Client {
  const load = async (): Promise<MakeAttempts> =>
    (await import('./connection.js')).connectionOver(systemClock.now);
  // It is on its way while the page renders. What fails here is told where it is needed.
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

/** {@link createClient} on a world of one's own. */
export function createClientWith(options: ClientOptions, ports: ClientPorts): Client {
  const config = configOf(options);
  const logger = options.logger ?? console;
  // An app may go through many rooms. A room without users is forgotten once the app holds its handle no more.
  // Older engines of React Native have no weak references: there a handle is kept for as long as its client.
  const handles = new Map<string, Pick<WeakRef<RoomHandle>, 'deref'>>();
  const inUse = new Set<RoomHandle>();
  const handleOf = (id: string): RoomHandle | undefined => handles.get(id)?.deref();
  const promises = createPromises();
  const listeners = new Map<string, Set<(...values: never[]) => void>>();
  const newSession = () => ({ key: ports.randomId(26), instance: ports.randomId(12) });
  const storage = options.outbox?.storage;
  const foreign = new Set<string>();
  let keeper: Keeper | undefined;
  let stopSignals: (() => void) | null = null;
  let refs = 0;
  let marks = '';
  let broadcasts = 0;

  /** Whether anybody listens. */
  const emit = <E extends keyof ClientEvents>(event: E, ...values: Parameters<ClientEvents[E]>): boolean => {
    const heard = Array.from(listeners.get(event) ?? []);
    for (const listener of heard) {
      try {
        (listener as (...values: unknown[]) => void)(...values);
      } catch (error) {
        logger.error(`a listener of '${event}' threw`, error);
      }
    }
    return heard.length > 0;
  };
  const report = (error: RealtimeError, room: string | null = null): void => {
    if (!emit('error', error, room))
      logger.warn(`roomful${room ? ` room '${room}'` : ''}: ${error.code}: ${error.message}`);
  };

  const perform = (effect: Exclude<Effect, Delivery>): void => {
    (performers[effect.type] as (it: typeof effect) => unknown)(effect);
  };
  const driver = createDriver(initialState(newSession()), {
    slices: () => attempts.slices,
    clock: ports.clock,
    schedule: ports.schedule,
    context: {
      random: ports.random,
      newSession,
      config,
      parse(room, type, version, data) {
        const contract = handleOf(room)?.contract;
        try {
          return contract ? readMessage(contract, type, version, data, 'trust-current') : { data };
        } catch (error) {
          return error instanceof RealtimeError ? error : { code: 'invalid', message: String(error) };
        }
      },
    },
    perform,
    deliver(delivery) {
      if (delivery.type === 'reset') {
        const { room, why, missing } = delivery;
        return void emit('reset', { room, why, missing });
      }
      const { room } = delivery.type === 'deliver' ? delivery : delivery.broadcast;
      const failed = (error: unknown): void => {
        const what = `a message handler of room '${room}' threw`;
        logger.error(what, error);
        emit('error', new RealtimeError('rejected', what, error), room);
      };
      const handle = handleOf(room);
      if (delivery.type === 'deliver') {
        for (const message of delivery.messages) handle?.deliver(message, failed);
        return;
      }
      const { type, data, sender } = delivery.broadcast;
      // Nobody else knows it by its id: a random part for this client, and a number.
      marks ||= ports.randomId(8);
      handle?.deliver(
        {
          id: `${marks}${(++broadcasts).toString(36)}`,
          room,
          type,
          data,
          offset: null,
          timestamp: ports.clock.now(),
          sender,
        },
        failed,
      );
    },
    pumped() {
      keeper?.sync();
    },
    changed(view, before) {
      if (view.connection !== before.connection) emit('connection', view.connection, before.connection);
    },
  });

  const attempts = ports.attempts({
    options,
    dispatch: driver.dispatch,
    isCurrent: (attempt) => attemptsOf(driver.state().connection).includes(attempt),
    largest: () => driver.state().limits.frame,
    ready: (address) => keeper?.ready(address),
    report,
  });

  /** What does each effect. */
  const performers: {
    readonly [T in Exclude<Effect, Delivery>['type']]: (effect: Extract<Effect, { type: T }>) => unknown;
  } = {
    open: attempts.open,
    write: attempts.write,
    close: attempts.close,
    token: attempts.token,
    settle({ ids, outcome }) {
      for (const id of ids) promises.settle(id, outcome);
    },
    history({ ref, outcome }) {
      promises.settle(ref, outcome);
    },
    disowned({ user }) {
      keeper?.release(true);
      foreign.add(driver.state().session.key);
      keeper = storage?.attach(host, { owner: user, foreign });
      driver.dispatch({ type: 'disowned' });
    },
    'acked-lost'({ room, count }) {
      emit('acked-lost', { room, count });
    },
    report({ failure, room }) {
      report(errorOf(failure), room);
    },
  };

  const host: StorageHost = {
    url: options.url,
    clock: ports.clock,
    randomId: ports.randomId,
    dispatch: driver.dispatch,
    state: driver.state,
    tell: (event) => emit('storage', event),
    logger,
    spawn: (its) => createClientWith({ ...options, outbox: { ...options.outbox, storage: its } }, ports),
  };
  /** Asks for a connection; one that is new has its storage open first. */
  const open = (type: 'connect' | 'reconnect'): void => {
    stopSignals ??= ports.signals((signal) => {
      driver.dispatch({ type: signal });
    });
    const { status } = driver.state().connection;
    if (status === 'idle' || status === 'closed') {
      keeper?.release();
      keeper = storage?.attach(host, { owner: options.outbox?.user?.(), foreign });
    }
    driver.dispatch({ type });
  };

  const handle = (room: RoomName, params: Readonly<Record<string, string>> = {}): RoomHandle => {
    // Asked for in every render: the pattern of a plain name is read once.
    let known = typeof room === 'string' ? handleOf(room) : undefined;
    if (known) return known;
    const contract = typeof room === 'string' ? untypedRoom(room) : room;
    const id = contract.longId(params);
    known = handleOf(id);
    if (!known) {
      known = createRoomHandle(id, contract, {
        driver,
        owner,
        newId: () => ports.randomId(12),
        newRef: () => ++refs,
        inUse,
        settled: promises.make,
      });
      const made = known;
      for (const [key, other] of handles) if (!other.deref()) handles.delete(key);
      handles.set(id, typeof WeakRef === 'function' ? new WeakRef(made) : { deref: () => made });
    } else if (known.contract === contract) return known;
    else known.contract = contract;
    // What waits there from another page was written under a contract that this page had not seen.
    if (driver.state().rooms.get(id)?.outbox.entries.size) driver.dispatch({ type: 'contract', room: id });
    return known;
  };

  const withEntry =
    (type: 'retry' | 'discard') =>
    (id: string): void => {
      for (const {
        id: room,
        outbox: { entries },
      } of driver.state().rooms.values())
        if (entries.has(id)) return driver.dispatch({ type, room, id });
    };

  const owner: RoomOwner = {
    store: driver.store,
    retry: withEntry('retry'),
    discard: withEntry('discard'),
  };

  return {
    ...owner,
    connect() {
      open('connect');
    },
    close() {
      stopSignals?.();
      stopSignals = null;
      driver.dispatch({ type: 'close' });
      keeper?.release();
    },
    reconnect() {
      open('reconnect');
    },
    room(room, ...[params]) {
      const joined = handle(room, params as Readonly<Record<string, string>> | undefined);
      checkRoomId(joined.id);
      joined.hold();
      return joined as unknown as Room<typeof room>;
    },
    handle,
    on(event, handler) {
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set.add(handler));
      return () => {
        set.delete(handler);
      };
    },
    inspect: (inspector) => ({
      get codecs() {
        return attempts.codecs;
      },
      state: driver.state,
      dispatch: driver.dispatch,
      perform,
      stop: driver.inspect(inspector),
    }),
  };
}
