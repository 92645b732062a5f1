// Resumes on two nodes over one Redis, with both clients.
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe } from 'vitest';
import type { RedisClient } from '../../src/server/node/redis/client/client.js';
import { redisBroker } from '../../src/server/node/redis/index.js';
import { resumeContract } from '../contracts/resume.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';

describe.skipIf(noRedis)('with Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  interface Connected {
    readonly client: RedisClient;
    end(): void;
  }
  const clients: Readonly<Record<string, () => Promise<Connected>>> = {
    async 'node-redis'() {
      const client = createClient({ socket: { port: redis.port, host: '127.0.0.1' } });
      client.on('error', () => undefined);
      await client.connect();
      return {
        client,
        end: () => {
          client.destroy();
        },
      };
    },
    async ioredis() {
      const client = new Redis(redis.port, '127.0.0.1', {
        lazyConnect: true,
        autoResendUnfulfilledCommands: false,
      });
      client.on('error', () => undefined);
      await client.connect();
      return {
        client,
        end: () => {
          client.disconnect();
        },
      };
    },
  };
  let runs = 0;

  for (const [name, connect] of Object.entries(clients))
    resumeContract(name, async () => {
      const prefix = `run-${runs++}`;
      const [one, two] = [await connect(), await connect()];
      const brokers = [
        redisBroker({ client: one.client, prefix }),
        redisBroker({ client: two.client, prefix }),
      ] as const;
      for (const broker of brokers) await broker.ready?.();
      return {
        brokers,
        async turn() {
          for (const broker of brokers) await broker.members('turn');
        },
        async close() {
          for (const broker of brokers) await broker.close();
          one.end();
          two.end();
        },
      };
    });
});
