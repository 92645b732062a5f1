// Clients of a Redis cluster. A command goes to the node that has its key, a script is loaded into every
// master, and a channel is heard wherever it is published.
import type { RedisConnection, RedisEvents } from './port.js';

/**
 * The part of a cluster of node-redis (`createCluster`) that the broker needs. It may be connected or not
 * yet.
 */
export interface NodeRedisClusterClient {
  readonly isReady: boolean;
  readonly isOpen: boolean;
  connect(): Promise<unknown>;
  readonly masters: readonly unknown[];
  on(event: 'connect' | 'node-ready', listener: () => void): unknown;
  off(event: 'connect' | 'node-ready', listener: () => void): unknown;
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: string[],
  ): Promise<unknown>;
  nodeClient(node: never): unknown;
  duplicate(): NodeRedisClusterSubscriber;
}

export interface NodeRedisClusterSubscriber {
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: 'node-ready' | 'error', listener: (error?: unknown) => void): unknown;
  destroy(): void;
}

/** The part of ioredis's `Cluster` that the broker needs. It must be made with `retryDelayOnFailover: 0`. */
export interface IoRedisClusterClient {
  readonly status: string;
  connect(): Promise<unknown>;
  readonly options: { readonly retryDelayOnFailover?: number | undefined };
  on(event: 'ready' | '+node', listener: () => void): unknown;
  off(event: 'ready' | '+node', listener: () => void): unknown;
  call(command: string, ...args: readonly string[]): Promise<unknown>;
  nodes(role: 'master'): readonly { call(command: string, ...args: readonly string[]): Promise<unknown> }[];
  duplicate(): IoRedisClusterSubscriber;
}

export interface IoRedisClusterSubscriber {
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'ready' | '+node' | 'error', listener: (error?: unknown) => void): unknown;
  disconnect(): void;
}

const ignore = (): void => undefined;

/**
 * The key that decides where a command goes. A script names the number of its keys, and then the first one.
 */
const firstKeyOf = ([name = '', , count = '0', key]: readonly string[]): string | undefined =>
  name.startsWith('EVAL') && count !== '0' ? key : undefined;

/**
 * Publishes at the node that has the room. From elsewhere, the text could overtake one that a script
 * publishes there.
 */
const publishCommand = (channel: string, text: string): string[] => [
  'EVAL',
  "return redis.call('PUBLISH', KEYS[1], ARGV[1])",
  '1',
  channel,
  text,
];

interface CommandSender {
  sendCommand(args: string[]): Promise<unknown>;
}

export function overNodeRedisCluster(
  client: NodeRedisClusterClient,
  { onMessage, onReady, onListening }: RedisEvents,
): RedisConnection {
  client.on('connect', onReady);
  client.on('node-ready', onReady);
  const subscriber = client.duplicate();
  subscriber.on('error', ignore);
  subscriber.on('node-ready', onListening);
  const connected = subscriber.connect();
  connected.catch(ignore);
  const listener = (text: string, channel: string): void => {
    onMessage(channel, text);
  };
  return {
    mayMissMessages: true,
    countsReceivers: false,
    isReady: () => client.isReady,
    connect: async () => {
      if (!client.isOpen) await client.connect();
    },
    command: (args) => client.sendCommand(firstKeyOf(args), false, [...args]),
    publish: (channel, text) => client.sendCommand(channel, false, publishCommand(channel, text)),
    async load(script) {
      await Promise.all(
        client.masters.map(async (master) =>
          ((await client.nodeClient(master as never)) as CommandSender).sendCommand([
            'SCRIPT',
            'LOAD',
            script,
          ]),
        ),
      );
    },
    async subscribe(channel) {
      await connected;
      await subscriber.subscribe(channel, listener);
    },
    async unsubscribe(channel) {
      await subscriber.unsubscribe(channel);
    },
    close() {
      client.off('connect', onReady);
      client.off('node-ready', onReady);
      subscriber.destroy();
    },
  };
}

export function overIoRedisCluster(
  client: IoRedisClusterClient,
  { onMessage, onReady, onListening }: RedisEvents,
): RedisConnection {
  if (client.options.retryDelayOnFailover !== 0)
    throw new TypeError(
      'redisBroker needs a Cluster of ioredis with retryDelayOnFailover: 0: ' +
        'otherwise the client repeats commands, and messages are sent twice',
    );
  client.on('ready', onReady);
  client.on('+node', onReady);
  const subscriber = client.duplicate();
  subscriber.on('error', ignore);
  subscriber.on('ready', onListening);
  subscriber.on('+node', onListening);
  subscriber.on('message', onMessage);
  return {
    mayMissMessages: true,
    countsReceivers: false,
    isReady: () => client.status === 'ready',
    connect: async () => {
      if (client.status === 'wait') await client.connect();
    },
    command: ([name = '', ...args]) => client.call(name, ...args),
    publish(channel, text) {
      const [name = '', ...args] = publishCommand(channel, text);
      return client.call(name, ...args);
    },
    async load(script) {
      await Promise.all(client.nodes('master').map((master) => master.call('SCRIPT', 'LOAD', script)));
    },
    async subscribe(channel) {
      await subscriber.subscribe(channel);
    },
    async unsubscribe(channel) {
      await subscriber.unsubscribe(channel);
    },
    close() {
      client.off('ready', onReady);
      client.off('+node', onReady);
      subscriber.disconnect();
    },
  };
}
