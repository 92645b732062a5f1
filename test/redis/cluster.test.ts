// The Redis broker over a cluster of three: each room in one place, heard from everywhere.
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Broker, RoomEvent } from '../../src/server/broker/broker.js';
import { redisBroker, type RedisClient } from '../../src/server/node/redis/index.js';
import { brokerContract } from '../contracts/broker.js';
import { noRedis } from '../support/redis/redis.js';
import { startCluster, type TestCluster } from '../support/redis/redis-cluster.js';

describe.skipIf(noRedis)('with a cluster of Redis', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  const clients: Readonly<Record<string, () => Promise<{ readonly client: RedisClient; end(): void }>>> = {
    async 'node-redis'() {
      const client = createCluster({
        rootNodes: cluster.ports.map((port) => ({ socket: { port, host: '127.0.0.1' } })),
      });
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
      const client = new Cluster(
        cluster.ports.map((port) => ({ port, host: '127.0.0.1' })),
        { lazyConnect: true, retryDelayOnFailover: 0 },
      );
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

  /** A room at each server. */
  const settling: string[] = [];
  beforeAll(async () => {
    const thirds = new Map<number, string>();
    for (let number = 0; thirds.size < 3; number++) {
      const [slot] = await cluster.everywhere('CLUSTER', 'KEYSLOT', `settle${number}`);
      thirds.set(Math.floor(Number(slot) / 5_461.34), `settle${number}`);
    }
    settling.push(...thirds.values());
  });

  /** Resolves once a broker has heard all that was published before: what one server is told is heard in order. */
  async function heard(broker: Broker): Promise<void> {
    await Promise.all(
      settling.map(async (room) => {
        let resolve: () => void = () => undefined;
        const said = new Promise<void>((done) => {
          resolve = done;
        });
        const stop = await broker.subscribe(room, resolve);
        broker.publish(room, {
          type: 'broadcast',
          except: null,
          sender: null,
          message: 'm',
          version: 1,
          data: null,
        });
        await said;
        stop();
      }),
    );
  }

  for (const [name, connect] of Object.entries(clients)) {
    brokerContract(`a cluster over ${name}`, async () => {
      const { client, end } = await connect();
      await cluster.everywhere('FLUSHALL');
      let ahead = 0;
      const broker = redisBroker({ client, now: () => Date.now() + ahead });
      await broker.ready?.();
      // What the broker of the test before said may still be on its way from one server to another.
      await heard(broker);
      return {
        broker,
        blind: true,
        settle: () => heard(broker),
        sleep: async (ms) => {
          ahead += ms;
        },
        async close() {
          await broker.close();
          end();
        },
      };
    });

    test(`${name}: rooms on all of the cluster, and each is heard at another node`, async () => {
      await cluster.everywhere('FLUSHALL');
      const [one, two] = [await connect(), await connect()];
      const [here, there] = [redisBroker({ client: one.client }), redisBroker({ client: two.client })];
      await Promise.all([here.ready?.(), there.ready?.()]);
      const events: string[] = [];
      const rooms = Array.from({ length: 12 }, (_, index) => `room/${index}`);
      for (const room of rooms)
        await there.subscribe(room, (event: RoomEvent) => {
          if (event.type === 'entry') events.push(`${room} ${event.entry[0]}`);
        });
      for (const room of rooms) {
        await here.enter(room, ['m', null, null]);
        const it = {
          room,
          producer: 'p',
          seq: 1,
          id: 'x',
          follows: 0,
          sender: null,
          type: 't',
          version: 1,
          data: 1,
          result: null,
          log: { limit: 10, ttl: 60_000 },
        };
        expect(await here.append(it)).toMatchObject({ status: 'ok', offset: 1 });
        expect(await there.members(room)).toEqual([['m', null, null]]);
      }
      await expect.poll(() => events.toSorted()).toEqual(rooms.map((room) => `${room} 1`).toSorted());
      // Every server has some of them.
      for (const size of await cluster.everywhere('DBSIZE')) expect(Number(size)).toBeGreaterThan(3);
      await Promise.all([here.close(), there.close()]);
      one.end();
      two.end();
    });
  }

  test('a Cluster of ioredis that repeats commands by itself is refused', () => {
    const client = new Cluster(
      cluster.ports.map((port) => ({ port, host: '127.0.0.1' })),
      { lazyConnect: true },
    );
    expect(() => redisBroker({ client })).toThrow(/retryDelayOnFailover/);
    client.disconnect();
  });
});
