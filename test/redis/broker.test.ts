// The Redis broker over both clients: what every broker must do, and what only this one can.
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Broker, RoomEvent } from '../../src/server/broker.js';
import { redisBroker } from '../../src/server/node/redis/index.js';
import type { RedisClient } from '../../src/server/node/redis/client.js';
import { brokerContract } from '../contracts/broker.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis.js';

describe.skipIf(noRedis)('with Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => { redis = await startRedis(); });
  afterAll(() => redis.stop());

  interface Connected {
    readonly client: RedisClient;
    command(...args: string[]): Promise<unknown>;
    end(): void;
  }

  const clients: Readonly<Record<string, () => Promise<Connected>>> = {
    async 'node-redis'() {
      const client = createClient({ socket: { port: redis.port, host: '127.0.0.1' } });
      client.on('error', () => undefined);
      await client.connect();
      return { client, command: (...args) => client.sendCommand(args), end: () => { client.destroy(); } };
    },
    async ioredis() {
      const client = new Redis(redis.port, '127.0.0.1', { lazyConnect: true, autoResendUnfulfilledCommands: false });
      client.on('error', () => undefined);
      await client.connect();
      return { client, command: (name = '', ...args) => client.call(name, ...args), end: () => { client.disconnect(); } };
    },
  };

  /** Resolves once a broker has heard all that was published before: its channels are one connection, in order. */
  async function heard(broker: Broker): Promise<void> {
    let resolve: () => void = () => undefined;
    const said = new Promise<void>((done) => { resolve = done; });
    const stop = await broker.subscribe('settle', resolve);
    broker.publish('settle', { type: 'broadcast', except: null, sender: null, message: 'm', version: 1, data: null });
    await said;
    stop();
  }

  for (const [name, connect] of Object.entries(clients)) {
    brokerContract(name, async () => {
      const { client, command, end } = await connect();
      await command('FLUSHALL');
      let ahead = 0;
      const broker = redisBroker({ client, now: () => Date.now() + ahead });
      await broker.ready?.();
      return {
        broker,
        settle: () => heard(broker),
        sleep: async (ms) => { ahead += ms; },
        async close() {
          await broker.close();
          end();
        },
      };
    });
  }

  test('T25 what others write on its channels is passed over, counted and never run', async () => {
    const { client, command, end } = await (clients['node-redis'] as () => Promise<Connected>)();
    const warned: unknown[] = [];
    const broker = redisBroker({ client, onWarning: ({ what, channel }) => { warned.push([what, channel]); } });
    await broker.ready?.();
    const events: RoomEvent[] = [];
    const told: unknown[] = [];
    await broker.subscribe('r', (event) => { events.push(event); });
    broker.listen((event) => { told.push(event); });
    const foreign = ['', 'hello', '{', '{"__proto__":1}', '[]', '[2,"entries","e",[]]', '[1,"entries","e",[[1]]]', '[1,"entries",5,[]]', '[1,"presence",[[1]],[],[]]', '[1,"presence",[],[],[[1,2]]]', '[1,"broadcast",null,null,7,1,1]', '[1,"reset","x"]', '['.repeat(10_000), '[1,"disconnect",5,"x"]', '[1,"evict","user",null]'];
    for (const text of foreign) for (const channel of ['roomful:{r}', 'roomful:tell']) await command('PUBLISH', channel, text);
    await heard(broker);
    expect([events, told]).toEqual([[], []]);
    expect(warned).toHaveLength(foreign.length * 2);
    expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined();
    await broker.close();
    end();
  });

  describe('a Redis that may forget', () => {
    test('is refused before a server listens', async () => {
      const { client, command, end } = await (clients['ioredis'] as () => Promise<Connected>)();
      await command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      const broker = redisBroker({ client });
      await expect(broker.ready?.()).rejects.toThrow(/noeviction/);
      await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await expect(broker.ready?.()).resolves.toBeUndefined();
      await broker.close();
      end();
    });
  });
});

describe.skipIf(noRedis)('with a Redis of its own', () => {
  const ids = async (broker: Broker, room = 'r'): Promise<string[]> => (await broker.members(room)).map(([id]) => id);
  let mine: TestRedis;
  let ends: (() => Promise<void>)[] = [];
  beforeAll(async () => { mine = await startRedis(); });
  afterAll(() => mine.stop());
  afterEach(async () => {
    for (const end of ends) await end();
    ends = [];
  });

  async function node(): Promise<{ readonly broker: Broker; command(...args: string[]): Promise<unknown> }> {
    const client = createClient({ socket: { port: mine.port, host: '127.0.0.1', reconnectStrategy: 50 } });
    client.on('error', () => undefined);
    await client.connect();
    const broker = redisBroker({ client });
    await broker.ready?.();
    ends.push(async () => {
      await broker.close();
      client.destroy();
    });
    return { broker, command: (...args) => client.sendCommand(args) };
  }

  test('members are there again after Redis forgot them, all nodes\' of them', async () => {
    const [one, two] = [await node(), await node()];
    await one.broker.enter('r', ['m', null, null]);
    await two.broker.enter('r', ['n', null, null]);
    await one.command('FLUSHALL');
    await expect.poll(async () => (await ids(one.broker)).toSorted(), { timeout: 12_000, interval: 200 }).toEqual(['m', 'n']);
  }, 20_000);

  test('a node that was taken for gone says its members again', async () => {
    const one = await node();
    await one.broker.enter('lapsed', ['m', null, null]);
    // Its first word of the lease is there: what follows is not that.
    await expect.poll(() => one.command('EXISTS', 'roomful:nodes')).toBe(1);
    await one.command('DEL', 'roomful:nodes', 'roomful:{lapsed}:members');
    await expect.poll(() => ids(one.broker, 'lapsed'), { timeout: 12_000, interval: 200 }).toEqual(['m']);
  }, 20_000);

  test('an ioredis that repeats commands by itself is refused', () => {
    const client = new Redis(mine.port, '127.0.0.1', { lazyConnect: true });
    expect(() => redisBroker({ client })).toThrow(/autoResendUnfulfilledCommands/);
    client.disconnect();
  });

  test('a change that comes late at the node that a member left changes nothing', async () => {
    const [one, two] = [await node(), await node()];
    await one.broker.enter('moved', ['m', null, { v: 1 }]);
    await two.broker.enter('moved', ['m', null, { v: 2 }]);
    await one.broker.update('moved', 'm', { late: 1 });
    await one.broker.exit('moved', 'm');
    expect(await two.broker.members('moved')).toEqual([['m', null, { v: 2 }]]);
  });

  test('a log is kept for as long as it says, for ever too, and its room is known for as long', async () => {
    const { broker, command } = await node();
    for (const [room, ttl] of [['long', 30 * 86_400_000], ['ever', Infinity]] as const) {
      const it = { room, producer: 'p', seq: 1, id: 'x', follows: 0, sender: null, type: 't', version: 1, data: 1, result: null, log: { limit: 10, ttl } };
      expect(await broker.append(it)).toMatchObject({ status: 'ok', offset: 1 });
      const lives = await Promise.all(['meta', 'log'].map(async (name) => Number(await command('PTTL', `roomful:{${room}}:${name}`))));
      expect(Math.min(...lives)).toBeGreaterThan(29 * 86_400_000);
    }
  });
});
