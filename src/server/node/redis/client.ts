// The clients that a Redis broker takes: node-redis and ioredis, by what they have in common with what is needed, and nothing of their types.
import {
  overIoRedisCluster,
  overNodeRedisCluster,
  type IoRedisClusterClient,
  type NodeRedisClusterClient,
} from './cluster.js';
import type { Redis, RedisEvents } from './port.js';

/** What is needed of node-redis (`redis`): a client that is connected, or about to be. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  on(event: 'ready', listener: () => void): unknown;
  off(event: 'ready', listener: () => void): unknown;
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

/** What is needed of ioredis, made with `autoResendUnfulfilledCommands: false`. */
export interface IoRedisClient {
  readonly status: string;
  readonly options: { readonly autoResendUnfulfilledCommands?: boolean | undefined };
  on(event: 'ready', listener: () => void): unknown;
  off(event: 'ready', listener: () => void): unknown;
  call(command: string, ...args: readonly string[]): Promise<unknown>;
  duplicate(): IoRedisSubscriber;
}

export interface IoRedisSubscriber {
  readonly status: string;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'ready' | 'error', listener: (error?: unknown) => void): unknown;
  disconnect(): void;
}

export type RedisClient = NodeRedisClient | IoRedisClient | NodeRedisClusterClient | IoRedisClusterClient;

const ignore = (): void => undefined;

function overNodeRedis(client: NodeRedisClient, { message, ready, back }: RedisEvents): Redis {
  client.on('ready', ready);
  const subscriber = client.duplicate();
  // Without a listener, a connection that breaks would end the process; the client reports its own.
  subscriber.on('error', ignore);
  subscriber.on('ready', back);
  const connected = subscriber.connect();
  connected.catch(ignore);
  const listener = (text: string, channel: string): void => {
    message(channel, text);
  };
  return {
    ready: () => client.isReady,
    quiet: false,
    counts: true,
    command: (args) => client.sendCommand(args),
    publish: (channel, text) => client.sendCommand(['PUBLISH', channel, text]),
    load: (script) => client.sendCommand(['SCRIPT', 'LOAD', script]),
    async subscribe(channel) {
      await connected;
      await subscriber.subscribe(channel, listener);
    },
    async unsubscribe(channel) {
      await subscriber.unsubscribe(channel);
    },
    close() {
      client.off('ready', ready);
      subscriber.destroy();
    },
  };
}

function overIoRedis(client: IoRedisClient, { message, ready, back }: RedisEvents): Redis {
  if (client.options.autoResendUnfulfilledCommands !== false)
    throw new TypeError(
      'redisBroker needs ioredis with autoResendUnfulfilledCommands: false: what it repeats by itself, the server says twice',
    );
  client.on('ready', ready);
  const subscriber = client.duplicate();
  subscriber.on('error', ignore);
  subscriber.on('ready', back);
  subscriber.on('message', message);
  return {
    ready: () => client.status === 'ready',
    quiet: false,
    counts: true,
    command: ([name = '', ...args]) => client.call(name, ...args),
    publish: (channel, text) => client.call('PUBLISH', channel, text),
    load: (script) => client.call('SCRIPT', 'LOAD', script),
    async subscribe(channel) {
      await subscriber.subscribe(channel);
    },
    async unsubscribe(channel) {
      await subscriber.unsubscribe(channel);
    },
    close() {
      client.off('ready', ready);
      subscriber.disconnect();
    },
  };
}

/** One thing at a time for each channel: a subscription that overtakes the end of the one before is ended with it. */
function inTurn(redis: Redis): Redis {
  const turns = new Map<string, Promise<void>>();
  const take = (channel: string, step: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(channel) ?? Promise.resolve()).then(step, step);
    const kept = turn.catch(ignore).then(() => {
      if (turns.get(channel) === kept) turns.delete(channel);
    });
    turns.set(channel, kept);
    return turn;
  };
  return {
    ...redis,
    subscribe: (channel) => take(channel, () => redis.subscribe(channel)),
    unsubscribe: (channel) => take(channel, () => redis.unsubscribe(channel)),
  };
}

/** @throws TypeError where it is neither client, or one that repeats commands by itself. */
export function redisOver(client: RedisClient, events: RedisEvents): Redis {
  if ('call' in client && typeof client.call === 'function')
    return inTurn('nodes' in client ? overIoRedisCluster(client, events) : overIoRedis(client, events));
  if ('masters' in client) return inTurn(overNodeRedisCluster(client, events));
  if ('sendCommand' in client && typeof client.sendCommand === 'function')
    return inTurn(overNodeRedis(client, events));
  throw new TypeError('redisBroker needs a client of node-redis or of ioredis');
}
