// The Redis broker of the ready-made server. The operator installs the package `redis`.
import type { Broker } from '../../broker/broker.js';
import type { ServerLogger } from '../../observe/log.js';
import { redisBroker } from '../redis/broker.js';
import type { NodeRedisClient } from '../redis/client/client.js';
import type { ServeConfig } from './config.js';
import { Misconfigured } from './rooms.js';

type ConnectableClient = NodeRedisClient & {
  connect(): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  destroy(): void;
};
interface RedisPackage {
  createClient(options: {
    readonly url: string;
    readonly socket: { readonly reconnectStrategy: (retries: number) => number };
  }): ConnectableClient;
}

async function loadRedisPackage(): Promise<RedisPackage> {
  // A name that bundlers do not resolve: the package is needed only with --redis.
  const name = 'redis';
  try {
    return (await import(/* @vite-ignore */ name)) as RedisPackage;
  } catch (error) {
    throw new Misconfigured(
      '--redis needs the package redis beside this one: npm install redis, ' +
        'or npx -p roomful -p redis roomful serve …',
      { cause: error },
    );
  }
}

/**
 * Connects to Redis, and resolves once it answers. Null without --redis.
 *
 * @throws Misconfigured if the package `redis` is not installed.
 */
export async function connectRedis(
  { redis: url, prefix }: ServeConfig,
  logger: ServerLogger,
): Promise<{ readonly broker: Broker; close(): Promise<void> } | null> {
  if (url === null) return null;
  const { createClient } = await loadRedisPackage();
  const client = createClient({
    url,
    socket: {
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 2_000) * (0.5 + Math.random() / 2),
    },
  });
  let isAway = false;
  client.on('error', ({ name, message }) => {
    if (!isAway) logger.warn({ error: name, why: message }, 'Redis is away');
    isAway = true;
  });
  client.on('ready', () => {
    if (isAway) logger.info({}, 'Redis is back');
    isAway = false;
  });
  await client.connect();
  const broker = redisBroker({
    client,
    prefix,
    onWarning({ what, channel, key, error }) {
      if (what === 'foreign')
        logger.warn(
          { channel: channel ?? null, key: key ?? null },
          'something in Redis was not written by this server',
        );
      // While Redis is away, its absence was logged once, and no call needs a line of its own.
      else if (!isAway)
        logger.warn(
          { error: error instanceof Error ? error.message : String(error) },
          'Redis could not be asked',
        );
    },
  });
  return {
    broker,
    async close() {
      await broker.close();
      client.destroy();
    },
  };
}
