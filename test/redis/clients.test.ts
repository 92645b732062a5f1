// Clients as people make them: of another database, not connected yet, refused, or cut off in the middle.
import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Append, Broker, NodeEvent, RoomEvent } from '../../src/server/broker/broker.js';
import { BrokerUnavailable } from '../../src/server/broker/broker.js';
import { createRedisBroker } from '../../src/server/node/redis/broker.js';
import type { IoRedisClient, RedisClient } from '../../src/server/node/redis/client/client.js';
import { redisBroker } from '../../src/server/node/redis/index.js';
import { eventually } from '../support/eventually.js';
import { manualPorts } from '../support/server/manual-ports.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';

const append: Append = {
  room: 'r',
  producer: 'p',
  seq: 1,
  id: 'x',
  follows: 0,
  sender: ['m', null],
  type: 'post',
  version: 1,
  data: 1,
  result: null,
  log: { limit: 100, ttl: 60_000 },
};

interface Settings {
  readonly database?: number;
  readonly password?: string;
  readonly username?: string;
}

describe.skipIf(noRedis)('with Redis', () => {
  let redis: TestRedis;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  /** Clients of both libraries that nobody has connected. */
  const makers: Readonly<Record<string, (settings?: Settings) => RedisClient>> = {
    'node-redis'({ database = 0, username, password } = {}) {
      const client = createClient({
        socket: { port: redis.port, host: '127.0.0.1' },
        database,
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
      });
      client.on('error', () => undefined);
      ends.push(() => {
        client.destroy();
      });
      return client as RedisClient;
    },
    ioredis({ database = 0, username, password } = {}) {
      const client = new Redis(redis.port, '127.0.0.1', {
        db: database,
        lazyConnect: true,
        autoResendUnfulfilledCommands: false,
        retryStrategy: () => 10,
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
      });
      client.on('error', () => undefined);
      ends.push(() => {
        client.disconnect();
      });
      return client;
    },
  };
  const brokerOf = (client: RedisClient): Broker => {
    const broker = redisBroker({ client });
    ends.push(() => broker.close());
    return broker;
  };
  async function admin(): Promise<(...args: string[]) => Promise<unknown>> {
    const client = createClient({ socket: { port: redis.port, host: '127.0.0.1' } });
    client.on('error', () => undefined);
    await client.connect();
    ends.push(() => {
      client.destroy();
    });
    return (...args) => client.sendCommand(args);
  }

  describe.each(Object.entries(makers))('%s', (library, make) => {
    test('T37 apps on two databases of one Redis hear nothing of each other, and nodes of one app hear all', async () => {
      const room = `of ${library}`;
      const heard: Record<string, string[]> = {};
      const brokers: Record<string, Broker> = {};
      for (const [name, database] of [
        ['first', 1],
        ['beside the first', 1],
        ['of another app', 2],
        ['of database 0', 0],
      ] as const) {
        const broker = (brokers[name] = brokerOf(make({ database })));
        const said: string[] = (heard[name] = []);
        await broker.ready?.();
        await broker.subscribe(room, ({ type }: RoomEvent) => said.push(type));
        broker.listen(({ type, user }: NodeEvent) => said.push(`${type} ${user}`));
        broker.receive('node', ({ id }) => said.push(`parcel ${id}`));
      }
      const { first } = brokers;
      await first?.append({ ...append, room });
      await first?.enter(room, ['m', null, { a: 1 }]);
      first?.publish(room, {
        type: 'broadcast',
        except: null,
        sender: null,
        message: 'm',
        version: 1,
        data: 1,
      });
      await first?.hand('node', { id: 'a', body: new Uint8Array([1]) });
      first?.tell({ type: 'disconnect', user: 'ada', reason: 'r' });
      await eventually(() => {
        expect(heard['beside the first']).toEqual(
          expect.arrayContaining(['entry', 'presence', 'broadcast', 'parcel a', 'disconnect ada']),
        );
      });
      // What they say to themselves comes behind what they might have heard.
      for (const name of ['of another app', 'of database 0']) {
        brokers[name]?.tell({ type: 'reauthorize', user: name });
        await brokers[name]?.enter(room, ['n', null, {}]);
        await eventually(() => {
          expect(heard[name]).toEqual([`reauthorize ${name}`, 'presence']);
        });
      }
      await first?.exit(room, 'm');
    });

    test('T37 database 0 has the channels that it always had', async () => {
      const command = await admin();
      const broker = brokerOf(make());
      await broker.ready?.();
      await broker.subscribe('r', () => undefined);
      expect(await command('PUBSUB', 'CHANNELS', 'roomful*')).toEqual(
        expect.arrayContaining(['roomful:{r}', 'roomful:tell']),
      );
    });

    test('a client that nobody connected is connected before the server listens', async () => {
      const broker = brokerOf(make());
      expect(broker.healthy?.()).toBe(false);
      await broker.ready?.();
      expect(broker.healthy?.()).toBe(true);
      expect(await broker.append({ ...append, room: 'unconnected', producer: library })).toMatchObject({
        status: 'ok',
      });
    });

    test('a Redis that evicts is refused though the client was not ready when it was asked', async () => {
      const command = await admin();
      await command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      ends.push(() => command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction'));
      for (let count = 0; count < 5; count++)
        await expect(brokerOf(make()).ready?.()).rejects.toThrow('noeviction');
    });

    test('a Redis that may not be asked for its policy is taken', async () => {
      const command = await admin();
      await command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-config');
      const broker = brokerOf(make({ username: 'app', password: 'secret' }));
      await broker.ready?.();
      expect(broker.healthy?.()).toBe(true);
    });

    test('a wrong password is a clear error, at once', async () => {
      const command = await admin();
      await command('ACL', 'SETUSER', 'other', 'on', '>secret', '~*', '&*', '+@all');
      await expect(brokerOf(make({ username: 'other', password: 'wrong' })).ready?.()).rejects.toThrow(
        /^redisBroker: WRONGPASS/,
      );
    });
  });

  test('a pool, a promise and nothing at all are refused by name', () => {
    const pool = createClientPool({ socket: { port: redis.port, host: '127.0.0.1' } });
    expect(() => redisBroker({ client: pool as never })).toThrow(/not a pool/);
    for (const client of [undefined, null, Promise.resolve({}), {}])
      expect(() => redisBroker({ client: client as never })).toThrow(TypeError);
  });

  /** An ioredis client whose connection that listens breaks under the first subscription to a channel. */
  async function fragile(channel: string): Promise<IoRedisClient> {
    const client = makers['ioredis']?.() as unknown as Redis;
    await client.connect();
    let isBroken = false;
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (...args) => {
      const subscriber = duplicate(...args);
      const subscribe = subscriber.subscribe.bind(subscriber) as (name: string) => Promise<unknown>;
      subscriber.subscribe = ((name: string) => {
        if (name !== channel || isBroken) return subscribe(name);
        isBroken = true;
        subscriber.disconnect(true);
        // What was on its way is never answered.
        return new Promise(() => undefined);
      }) as typeof subscriber.subscribe;
      return subscriber;
    };
    return client;
  }

  test('a room can be subscribed to though the connection broke under the first attempt', async () => {
    const broker = brokerOf(await fragile('roomful:{cut}'));
    await broker.ready?.();
    await expect(broker.subscribe('cut', () => undefined)).rejects.toBeInstanceOf(BrokerUnavailable);
    const heard: string[] = [];
    await eventually(async () => {
      await broker.subscribe('cut', ({ type }) => heard.push(type));
    });
    await broker.append({ ...append, room: 'cut' });
    await eventually(() => {
      expect(heard).toContain('entry');
    });
  });

  test.each(['roomful:tell', 'roomful:hand:node'])(
    'a node hears %s though the connection broke under the first attempt',
    async (channel) => {
      const ports = manualPorts();
      const broker = createRedisBroker({ client: await fragile(channel) }, ports);
      ends.push(() => broker.close());
      const other = brokerOf(makers['node-redis']?.() as RedisClient);
      await other.ready?.();
      const heard: string[] = [];
      broker.receive('node', ({ id }) => heard.push(id));
      broker.listen(({ user }) => heard.push(user));
      await eventually(async () => {
        // The next attempt is due by this clock.
        ports.advance(1_000);
        await other.hand('node', { id: 'parcel', body: new Uint8Array([1]) });
        other.tell({ type: 'reauthorize', user: 'user' });
        expect(heard).toEqual(expect.arrayContaining(['parcel', 'user']));
      });
    },
  );

  test('who waits for an answer of a connection that breaks is told at once, and the next is answered', async () => {
    const client = makers['ioredis']?.() as unknown as Redis;
    const broker = createRedisBroker({ client }, manualPorts());
    ends.push(() => broker.close());
    await broker.ready?.();
    process.kill(redis.pid, 'SIGSTOP');
    const waiting = broker.append({ ...append, room: 'broken' });
    const failure = Promise.resolve(waiting).catch((error: unknown) => error);
    client.disconnect(true);
    expect(await failure).toBeInstanceOf(BrokerUnavailable);
    process.kill(redis.pid, 'SIGCONT');
    await eventually(async () => {
      expect(await broker.watermark('broken', 'p')).toBeTypeOf('number');
    });
  });
});
