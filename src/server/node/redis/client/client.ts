// The Redis clients that the broker takes, node-redis and ioredis, by the part of them that it needs. Their
// packages' types are not imported.
import type { ServerPorts } from '../../../ports/ports.js';
import { inTime } from '../../../util/in-time.js';
import type { MaybePromise } from '../../../util/maybe-promise.js';
import {
  overIoRedisCluster,
  overNodeRedisCluster,
  type IoRedisClusterClient,
  type NodeRedisClusterClient,
} from './cluster.js';
import type { RedisConnection, RedisEvents } from './port.js';

/** The part of node-redis (`redis`) that the broker needs. The client may be connected or not yet. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  readonly isOpen: boolean;
  readonly options?: { readonly database?: number | undefined } | undefined;
  connect(): Promise<unknown>;
  on(event: 'ready' | 'error', listener: (error?: unknown) => void): unknown;
  off(event: 'ready' | 'error', listener: (error?: unknown) => void): unknown;
  sendCommand(args: readonly string[]): Promise<unknown>;
  duplicate(): NodeRedisSubscriber;
}

export interface NodeRedisSubscriber {
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: 'ready' | 'error', listener: (error?: unknown) => void): unknown;
  destroy(): void;
}

/**
 * The part of ioredis that the broker needs. The client must be made with `autoResendUnfulfilledCommands:
 * false`.
 */
export interface IoRedisClient {
  readonly status: string;
  readonly options: {
    readonly autoResendUnfulfilledCommands?: boolean | undefined;
    readonly db?: number | undefined;
  };
  connect(): Promise<unknown>;
  on(event: 'ready' | 'close' | 'error', listener: (error?: unknown) => void): unknown;
  off(event: 'ready' | 'close' | 'error', listener: (error?: unknown) => void): unknown;
  call(command: string, ...args: readonly string[]): Promise<unknown>;
  duplicate(): IoRedisSubscriber;
}

export interface IoRedisSubscriber {
  readonly status: string;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'ready' | 'close' | 'error', listener: (error?: unknown) => void): unknown;
  off(event: 'close', listener: () => void): unknown;
  disconnect(): void;
}

export type RedisClient = NodeRedisClient | IoRedisClient | NodeRedisClusterClient | IoRedisClusterClient;

const ignore = (): void => undefined;

/** The number of a client's database. A cluster has only 0. */
export const databaseOf = (client: RedisClient): number => {
  const { options = {} } = client as {
    readonly options?: { readonly database?: unknown; readonly db?: unknown };
  };
  return Number(options.database ?? options.db ?? 0);
};

/** Resolves once a client is connected. Rejects if it cannot be, such as with a wrong password. */
function whenConnected(
  client: Pick<NodeRedisClient, 'on' | 'off'>,
  isReady: () => boolean,
  connect: () => Promise<unknown> | null,
): Promise<void> {
  if (isReady()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stopListening = (): void => {
      client.off('ready', settled);
      client.off('error', failed);
    };
    const settled = (): void => {
      stopListening();
      resolve();
    };
    const failed = (error: unknown): void => {
      // A connection that breaks is made again. A client that Redis refuses would be refused again.
      if (!isRefusal(error)) return;
      stopListening();
      reject(error as Error);
    };
    client.on('ready', settled);
    client.on('error', failed);
    connect()?.then(settled, failed);
  });
}

/** Whether Redis refused the client. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  /^(?:WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password|ERR Client sent AUTH)/.test(error.message);

function overNodeRedis(
  client: NodeRedisClient,
  { onMessage, onReady, onListening }: RedisEvents,
): RedisConnection {
  client.on('ready', onReady);
  const subscriber = client.duplicate();
  // Without a listener, a connection that breaks would end the process. The client itself reports such
  // errors.
  subscriber.on('error', ignore);
  subscriber.on('ready', onListening);
  const subscribing = subscriber.connect();
  subscribing.catch(ignore);
  const listener = (text: string, channel: string): void => {
    onMessage(channel, text);
  };
  return {
    isReady: () => client.isReady,
    connect: () =>
      whenConnected(
        client,
        () => client.isReady,
        () => (client.isOpen ? null : client.connect()),
      ),
    mayMissMessages: false,
    countsReceivers: true,
    command: (args) => client.sendCommand(args),
    publish: (channel, text) => client.sendCommand(['PUBLISH', channel, text]),
    load: (script) => client.sendCommand(['SCRIPT', 'LOAD', script]),
    async subscribe(channel) {
      await subscribing;
      await subscriber.subscribe(channel, listener);
    },
    async unsubscribe(channel) {
      await subscriber.unsubscribe(channel);
    },
    close() {
      client.off('ready', onReady);
      subscriber.destroy();
    },
  };
}

/**
 * Rejects if the connection closes meanwhile: ioredis neither answers nor refuses a call whose connection
 * closes.
 */
function whileOpen<T>(subscriber: IoRedisSubscriber, call: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = (): void => {
      subscriber.off('close', closed);
    };
    const closed = (): void => {
      stopListening();
      reject(new Error('the connection closed'));
    };
    subscriber.on('close', closed);
    call().then(resolve, reject).finally(stopListening);
  });
}

function overIoRedis(
  client: IoRedisClient,
  { onMessage, onReady, onListening, onLost }: RedisEvents,
): RedisConnection {
  if (client.options.autoResendUnfulfilledCommands !== false)
    throw new TypeError(
      'redisBroker needs ioredis with autoResendUnfulfilledCommands: false: ' +
        'otherwise the client repeats commands, and messages are sent twice',
    );
  client.on('ready', onReady);
  client.on('close', onLost);
  const subscriber = client.duplicate();
  subscriber.on('error', ignore);
  subscriber.on('ready', onListening);
  subscriber.on('message', onMessage);
  return {
    isReady: () => client.status === 'ready',
    connect: () =>
      whenConnected(
        client,
        () => client.status === 'ready',
        () => (client.status === 'wait' ? client.connect() : null),
      ),
    mayMissMessages: false,
    countsReceivers: true,
    command: ([name = '', ...args]) => client.call(name, ...args),
    publish: (channel, text) => client.call('PUBLISH', channel, text),
    load: (script) => client.call('SCRIPT', 'LOAD', script),
    async subscribe(channel) {
      await whileOpen(subscriber, () => subscriber.subscribe(channel));
    },
    async unsubscribe(channel) {
      await whileOpen(subscriber, () => subscriber.unsubscribe(channel));
    },
    close() {
      client.off('ready', onReady);
      client.off('close', onLost);
      subscriber.disconnect();
    },
  };
}

/** How long a subscription or its end may take, in ms. */
const channelStepTimeoutMs = 10_000;

/**
 * Takes one step at a time for each channel. Otherwise a new subscription could overtake the end of the one
 * before, and would be ended with it.
 */
function serializeByChannel(redis: RedisConnection, setTimer: ServerPorts['setTimer']): RedisConnection {
  const turns = new Map<string, Promise<void>>();
  const take = (channel: string, step: () => Promise<void>): Promise<void> => {
    // A step that is never answered, because a connection broke under it, holds up no later one.
    const stepInTime = (): MaybePromise<void> => inTime(step(), channelStepTimeoutMs, setTimer);
    const turn = (turns.get(channel) ?? Promise.resolve()).then(stepInTime, stepInTime);
    const settledTurn = turn.catch(ignore).then(() => {
      if (turns.get(channel) === settledTurn) turns.delete(channel);
    });
    turns.set(channel, settledTurn);
    return turn;
  };
  return {
    ...redis,
    subscribe: (channel) => take(channel, () => redis.subscribe(channel)),
    unsubscribe: (channel) => take(channel, () => redis.unsubscribe(channel)),
  };
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

/**
 * Makes a connection from a client.
 *
 * @throws TypeError if it is a client of neither library, a pool, or one that repeats commands by itself.
 */
export function connectionOver(
  client: RedisClient,
  events: RedisEvents,
  setTimer: ServerPorts['setTimer'],
): RedisConnection {
  const properties: Readonly<Record<string, unknown>> = Object(client) as Readonly<Record<string, unknown>>;
  if (isFunction(properties['call']))
    return serializeByChannel(
      'nodes' in client ? overIoRedisCluster(client, events) : overIoRedis(client as IoRedisClient, events),
      setTimer,
    );
  if ('masters' in properties)
    return serializeByChannel(overNodeRedisCluster(client as NodeRedisClusterClient, events), setTimer);
  // The clients of a pool come and go, and a command of one may overtake a command of another.
  if (
    isFunction(properties['sendCommand']) &&
    (!isFunction(properties['duplicate']) || typeof properties['isReady'] !== 'boolean')
  )
    throw new TypeError(
      'redisBroker needs one client, and not a pool of them: createClient, not createClientPool',
    );
  if (isFunction(properties['sendCommand']))
    return serializeByChannel(overNodeRedis(client as NodeRedisClient, events), setTimer);
  throw new TypeError('redisBroker needs a client of node-redis or of ioredis');
}
