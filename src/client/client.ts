// A client: options in, room handles and a store out. Joins the machine to the world.
import { untypedRoom } from '../contract/define-room.js';
import { readMessage } from '../contract/validate.js';
import type { Codec, Encoded } from '../protocol/codec.js';
import { RealtimeError } from '../protocol/error.js';
import type { ServerFrame } from '../protocol/frames.js';
import { clientTuple, Malformed, parseServerFrame } from '../protocol/parse.js';
import { subprotocolOf } from '../protocol/version.js';
import { createDriver, type ReadonlyStore } from './driver.js';
import { systemClock, type Clock } from './edge/clock.js';
import { onFrame, onMicrotask, type Schedule } from './edge/frame.js';
import { randomId } from './edge/ids.js';
import type { Connect, Link } from './edge/link.js';
import { browserSignals, type Signals } from './edge/signals.js';
import { webSocketConnect } from './edge/socket.js';
import { isFailure, type Effect, type Receipt } from './machine/effects.js';
import { initialState, type Failure, type Message } from './machine/state.js';
import type { ConnectionState, RealtimeState } from './machine/view.js';
import { codecsOf, configOf, type ClientOptions } from './options.js';
import { createRoomHandle, type Room, type RoomHandle, type RoomServices } from './room-handle.js';
import type { ParamsOf, RoomName } from '../contract/infer.js';

export interface ClientEvents {
  /** The connection's public state changed. */
  connection: (state: ConnectionState, before: ConnectionState) => void;
  /** Something went wrong that no promise tells: a message this end cannot read, a failing url or token function, a handler that threw. */
  error: (error: RealtimeError, room: string | null) => void;
  /** A room's messages start anew: `missing` are the offsets that were not seen, where they are known. */
  reset: (event: { readonly room: string; readonly why: string; readonly missing: readonly [from: number, to: number] | null }) => void;
  /** The server's log lost messages that it had acknowledged, more than are still held here. */
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
}

type RoomArgs<R> = keyof ParamsOf<R> extends never ? [params?: ParamsOf<R>] : [params: ParamsOf<R>];

/** The world, as a client meets it. */
export interface ClientPorts {
  readonly clock: Clock;
  readonly connect: Connect;
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
  return createClientWith(options, {
    clock: systemClock,
    connect: webSocketConnect(options.WebSocket),
    signals: browserSignals,
    random: Math.random,
    randomId,
    schedule: options.flush === 'microtask' ? onMicrotask : onFrame,
  });
}

interface Deferred<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: RealtimeError) => void;
}

function promises<K, T>(): { readonly wait: (key: K) => Promise<T>; readonly take: (key: K) => Deferred<T> | undefined } {
  const waiting = new Map<K, Deferred<T>>();
  return {
    wait: (key) => new Promise((resolve, reject) => waiting.set(key, { resolve, reject })),
    take(key) {
      const deferred = waiting.get(key);
      waiting.delete(key);
      return deferred;
    },
  };
}

const errorOf = ({ code, message, details }: Failure): RealtimeError => new RealtimeError(code, message, details);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** {@link createClient} on a world of one's own. */
export function createClientWith(options: ClientOptions, ports: ClientPorts): Client {
  const config = configOf(options);
  const codecs = codecsOf(options);
  const logger = options.logger ?? console;
  const rooms = new Map<string, RoomHandle>();
  const receipts = promises<string, Receipt>();
  const histories = promises<number, readonly Message[]>();
  const listeners: { [E in keyof ClientEvents]: Set<ClientEvents[E]> } = { connection: new Set(), error: new Set(), reset: new Set(), 'acked-lost': new Set() };
  let link: { readonly attempt: number; readonly link: Link; codec: Codec | null } | null = null;
  let stopSignals: (() => void) | null = null;
  let refs = 0;

  const emit = <E extends keyof ClientEvents>(event: E, ...values: Parameters<ClientEvents[E]>): void => {
    for (const listener of Array.from(listeners[event])) {
      try {
        (listener as (...values: Parameters<ClientEvents[E]>) => void)(...values);
      } catch (error) {
        logger.error(`a listener of '${event}' threw`, error);
      }
    }
  };
  const report = (error: RealtimeError, room: string | null): void => {
    if (listeners.error.size === 0) logger.warn(`roomful${room ? ` room '${room}'` : ''}: ${error.code}: ${error.message}`);
    emit('error', error, room);
  };
  const handlerFailed = (room: string) => (error: unknown): void => {
    logger.error(`a message handler of room '${room}' threw`, error);
  };

  const driver = createDriver(initialState({ key: ports.randomId(22), instance: ports.randomId(11) }), {
    clock: ports.clock,
    schedule: ports.schedule,
    context: {
      random: ports.random,
      newSession: () => ({ key: ports.randomId(22), instance: ports.randomId(11) }),
      config,
      read(room, type, version, data) {
        try {
          const contract = rooms.get(room)?.contract;
          return contract ? readMessage(contract, type, version, data, 'trust-current') : { data };
        } catch (error) {
          return error instanceof RealtimeError ? { code: error.code, message: error.message, details: error.details } : { code: 'invalid', message: messageOf(error) };
        }
      },
    },
    perform,
    deliver(delivery) {
      if (delivery.type === 'deliver') {
        const handle = rooms.get(delivery.room);
        if (handle) for (const message of delivery.messages) handle.deliver(message, handlerFailed(delivery.room));
        return;
      }
      const { room, type, data, sender } = delivery.broadcast;
      rooms.get(room)?.deliver({ id: ports.randomId(11), room, type, data, sender, offset: null, timestamp: ports.clock.now() }, handlerFailed(room));
    },
    changed(view, before) {
      if (view.connection !== before.connection) emit('connection', view.connection, before.connection);
    },
  });

  function received(attempt: number, codec: Codec, data: Encoded): void {
    let frames: ServerFrame[];
    try {
      frames = codec.decode(data).flatMap((tuple) => parseServerFrame(tuple) ?? []);
    } catch (error) {
      const reason = error instanceof Malformed ? error.message : 'a message that could not be read';
      report(new RealtimeError('invalid', `the server sent what is not this protocol: ${reason}`), null);
      driver.dispatch({ type: 'lost', attempt, code: 4400, reason });
      return;
    }
    driver.dispatch({ type: 'received', attempt, frames });
  }

  async function open(attempt: number): Promise<void> {
    const current = (): boolean => driver.state().attempt === attempt && driver.state().connection.status === 'opening';
    let url: string;
    let token: string | null;
    try {
      const { url: where, token: who } = options;
      [url, token] = await Promise.all([typeof where === 'function' ? where() : where, typeof who === 'function' ? who() : (who ?? null)]);
    } catch (error) {
      if (!current()) return;
      report(new RealtimeError('unavailable', `the url or token function failed: ${messageOf(error)}`, error), null);
      driver.dispatch({ type: 'lost', attempt, code: 1006, reason: 'the url or token function failed' });
      return;
    }
    if (!current()) return;
    const opening: { readonly attempt: number; link: Link; codec: Codec | null } = {
      attempt,
      codec: null,
      link: ports.connect(url, codecs.map(({ name }) => subprotocolOf(name)), {
        opened(protocol) {
          const codec = codecs.find(({ name }) => subprotocolOf(name) === protocol) ?? null;
          if (!codec) {
            driver.dispatch({ type: 'lost', attempt, code: 4406, reason: `the server chose '${protocol}', which was not offered` });
            return;
          }
          opening.codec = codec;
          driver.dispatch({ type: 'opened', attempt, transport: opening.link.transport, codec: codec.name, token });
        },
        message(data) {
          if (opening.codec) received(attempt, opening.codec, data);
        },
        closed(code, reason) {
          driver.dispatch({ type: 'lost', attempt, code, reason });
        },
      }),
    };
    link = opening;
  }

  async function refresh(attempt: number): Promise<void> {
    try {
      const { token } = options;
      driver.dispatch({ type: 'token', attempt, token: typeof token === 'function' ? await token() : (token ?? null) });
    } catch (error) {
      report(new RealtimeError('unavailable', `the token function failed: ${messageOf(error)}`, error), null);
      driver.dispatch({ type: 'token-failed', attempt });
    }
  }

  function perform(effect: Parameters<Parameters<typeof createDriver>[1]['perform']>[0]): void {
    switch (effect.type) {
      case 'open':
        void open(effect.attempt);
        return;
      case 'write':
        if (link?.attempt === effect.attempt && link.codec) {
          const { codec } = link;
          link.link.send(codec.join(effect.frames.map((frame) => codec.encode(clientTuple(frame)))));
        }
        return;
      case 'close':
        if (link?.attempt === effect.attempt) {
          link.link.close(effect.code, effect.reason);
          link = null;
        }
        return;
      case 'token':
        void refresh(effect.attempt);
        return;
      case 'settle':
        settle(effect);
        return;
      case 'history': {
        const deferred = histories.take(effect.ref);
        if (isFailure(effect.outcome)) deferred?.reject(errorOf(effect.outcome));
        else deferred?.resolve(effect.outcome);
        return;
      }
      case 'reset':
        emit('reset', { room: effect.room, why: effect.why, missing: effect.missing });
        return;
      case 'acked-lost':
        emit('acked-lost', { room: effect.room, count: effect.count });
        return;
      case 'report':
        report(errorOf(effect.failure), effect.room);
        return;
      default:
        effect satisfies never;
    }
  }

  function settle({ ids, outcome }: Extract<Effect, { type: 'settle' }>): void {
    for (const id of ids) {
      const deferred = receipts.take(id);
      if (isFailure(outcome)) deferred?.reject(errorOf(outcome));
      else deferred?.resolve(outcome);
    }
  }

  const services: RoomServices = {
    driver,
    newId: () => ports.randomId(11),
    newRef: () => ++refs,
    largest: () => driver.state().limits.frame,
    settled: receipts.wait,
    answered: histories.wait,
  };

  const handle = (room: RoomName, params: Readonly<Record<string, string>> = {}): RoomHandle => {
    const contract = typeof room === 'string' ? untypedRoom(room) : room;
    const id = contract.id(params);
    const known = rooms.get(id);
    if (known) return known;
    const created = createRoomHandle(id, contract, services);
    rooms.set(id, created);
    return created;
  };

  const roomOfEntry = (id: string): string | undefined => {
    for (const { id: room, entries } of driver.state().rooms.values()) if (entries.has(id)) return room;
    return undefined;
  };

  return {
    store: driver.store,
    connect() {
      stopSignals ??= ports.signals((signal) => {
        driver.dispatch({ type: signal });
      });
      driver.dispatch({ type: 'connect' });
    },
    close() {
      stopSignals?.();
      stopSignals = null;
      driver.dispatch({ type: 'close' });
    },
    reconnect() {
      driver.dispatch({ type: 'reconnect' });
    },
    room(room, ...[params]) {
      const joined = handle(room, params as Readonly<Record<string, string>> | undefined);
      joined.hold();
      return joined as unknown as Room<typeof room>;
    },
    handle,
    retry(id) {
      const room = roomOfEntry(id);
      if (room !== undefined) driver.dispatch({ type: 'retry', room, id });
    },
    discard(id) {
      const room = roomOfEntry(id);
      if (room !== undefined) driver.dispatch({ type: 'discard', room, id });
    },
    on(event, handler) {
      listeners[event].add(handler);
      return () => {
        listeners[event].delete(handler);
      };
    },
  };
}
