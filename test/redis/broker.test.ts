// The Redis broker over both clients: what every broker must do, and what only this one can.
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Broker, RoomEvent } from '../../src/server/broker/broker.js';
import { redisBroker } from '../../src/server/node/redis/index.js';
import type { RedisClient } from '../../src/server/node/redis/client/client.js';
import { decodeAppendReply } from '../../src/server/node/redis/log/append-reply.js';
import { brokerContract } from '../contracts/broker.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';

describe.skipIf(noRedis)('with Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
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
      return {
        client,
        command: (...args) => client.sendCommand(args),
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
        command: (name = '', ...args) => client.call(name, ...args),
        end: () => {
          client.disconnect();
        },
      };
    },
  };

  /** Resolves once a broker has heard all that was published before: its channels are one connection, in order. */
  async function heard(broker: Broker): Promise<void> {
    let resolve: () => void = () => undefined;
    const said = new Promise<void>((done) => {
      resolve = done;
    });
    const stop = await broker.subscribe('settle', resolve);
    broker.publish('settle', {
      type: 'broadcast',
      except: null,
      sender: null,
      message: 'm',
      version: 1,
      data: null,
    });
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
        sleep: async (ms) => {
          ahead += ms;
        },
        async close() {
          await broker.close();
          end();
        },
      };
    });
  }

  test('a broker that is closed leaves nothing on the client that it was lent', async () => {
    const client = createClient({ socket: { port: redis.port, host: '127.0.0.1' } });
    await client.connect();
    const before = client.listenerCount('ready');
    for (let count = 0; count < 3; count++) await redisBroker({ client }).close();
    expect(client.listenerCount('ready')).toBe(before);
    client.destroy();
  });

  test('T35 a join alone leaves nothing in Redis for longer than ten minutes', async () => {
    const { client, command, end } = await (clients['node-redis'] as () => Promise<Connected>)();
    await command('FLUSHALL');
    const broker = redisBroker({ client });
    for (const room of ['a', 'b']) {
      const stop = await broker.subscribe(room, () => undefined);
      await broker.watermark(room, 'p');
      await broker.read(room, { before: null, limit: 10 });
      await broker.enter(room, ['m', null, {}]);
      await broker.members(room);
      await broker.exit(room, 'm');
      stop();
    }
    const keys = (await command('KEYS', '*{*')) as string[];
    const lives = await Promise.all(keys.map(async (key) => [key, await command('PTTL', key)]));
    expect(keys.filter((key) => key.endsWith(':members'))).toEqual([]);
    for (const [key, life] of lives) {
      const isShort = Number(life) > 0 && Number(life) <= 600_000;
      expect([key, isShort]).toEqual([key, true]);
    }
    // A room in which something was said, and a member of one that is there, are kept.
    await broker.append({
      room: 'a',
      producer: 'p',
      seq: 1,
      id: 'x',
      follows: 0,
      sender: null,
      type: 'm',
      version: 1,
      data: 1,
      result: null,
      log: { limit: 10, ttl: 60_000 },
    });
    await broker.enter('a', ['m', null, {}]);
    await broker.enter('a', ['n', null, {}]);
    await broker.exit('a', 'm');
    expect(Number(await command('PTTL', 'roomful:{a}:meta'))).toBeGreaterThan(80_000_000);
    expect((await broker.members('a')).map(([id]) => id)).toEqual(['n']);
    await broker.close();
    end();
  });

  describe('P29 what was acknowledged before Redis went back to an older copy', () => {
    /** A broker whose room has one entry, in the copy too. `goBack` puts the copy in the place of what is there. */
    async function setup() {
      const { client, command, end } = await (clients['node-redis'] as () => Promise<Connected>)();
      await command('FLUSHALL');
      const broker = redisBroker({ client });
      await broker.ready?.();
      onTestFinished(async () => {
        await broker.close();
        end();
      });
      const append = async (producer: string | null, seq: number, id: string) => {
        const appended = await broker.append({
          room: 'r',
          producer,
          seq,
          id,
          follows: seq - 1,
          sender: null,
          type: 'post',
          version: 1,
          data: id,
          result: null,
          log: { limit: 100, ttl: 60_000 },
        });
        if (appended.status !== 'ok' && appended.status !== 'duplicate') throw new Error(appended.status);
        return appended;
      };
      await append('ada', 1, 'first');
      const kept = (await command('KEYS', '*{r}*')) as string[];
      for (const key of kept) await command('COPY', key, `copy:${key}`);
      return {
        broker,
        append,
        async goBack() {
          for (const key of (await command('KEYS', 'roomful:{r}*')) as string[]) await command('DEL', key);
          for (const key of kept) await command('COPY', `copy:${key}`, key);
        },
      };
    }

    test.each<readonly [string, string | null, number, string]>([
      ['another sender', 'bob', 1, 'other'],
      ['the same sender', 'ada', 2, 'second again'],
      ['the server itself', null, 0, 'said'],
    ])(
      'has the epoch and the offset of another message of %s, and its tag tells them apart',
      async (_, producer, seq, id) => {
        const { append, goBack } = await setup();
        const lost = await append('ada', 2, 'second');
        await goBack();
        const other = await append(producer, seq, id);
        expect([other.epoch, other.offset]).toEqual([lost.epoch, lost.offset]);
        expect(other.tag).not.toBe(lost.tag);
        expect([typeof other.tag, typeof lost.tag]).toEqual(['string', 'string']);
      },
    );

    test('what the copy still has keeps its tag', async () => {
      const { broker, append, goBack } = await setup();
      const before = await broker.recall('r', 'ada', 1, 'first');
      await append('ada', 2, 'second');
      await goBack();
      expect(await append('ada', 1, 'first')).toEqual(before);
    });
  });

  test('a receipt that a node of an earlier version wrote has no tag', () => {
    expect(decodeAppendReply(['known', 'e', '[7,1000,{"r":1}]'], null)).toEqual({
      status: 'duplicate',
      epoch: 'e',
      offset: 7,
      timestamp: 1_000,
      result: { r: 1 },
      tag: undefined,
    });
  });

  test('T25 what others write on its channels is passed over, counted and never run', async () => {
    const { client, command, end } = await (clients['node-redis'] as () => Promise<Connected>)();
    const warned: unknown[] = [];
    const broker = redisBroker({
      client,
      onWarning: ({ what, channel }) => {
        warned.push([what, channel]);
      },
    });
    await broker.ready?.();
    const events: RoomEvent[] = [];
    const told: unknown[] = [];
    await broker.subscribe('r', (event) => {
      events.push(event);
    });
    broker.listen((event) => {
      told.push(event);
    });
    const foreign = [
      '',
      'hello',
      '{',
      '{"__proto__":1}',
      '[]',
      '[2,"entries","e",[]]',
      '[1,"entries","e",[[1]]]',
      '[1,"entries",5,[]]',
      '[1,"presence",[[1]],[],[]]',
      '[1,"presence",[],[],[[1,2]]]',
      '[1,"broadcast",null,null,7,1,1]',
      '[1,"reset","x"]',
      '['.repeat(10_000),
      '[1,"disconnect",5,"x","i"]',
      '[1,"evict","user",null,"i"]',
      '[1,"reauthorize","user",null]',
    ];
    for (const text of foreign)
      for (const channel of ['roomful:{r}', 'roomful:tell']) await command('PUBLISH', channel, text);
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
  const ids = async (broker: Broker, room = 'r'): Promise<string[]> =>
    (await broker.members(room)).map(([id]) => id);
  let mine: TestRedis;
  let ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    mine = await startRedis();
  });
  afterAll(() => mine.stop());
  afterEach(async () => {
    for (const end of ends) await end();
    ends = [];
  });

  /** Resolves once what a broker publishes reaches it. */
  async function listensAgain(broker: Broker): Promise<void> {
    await new Promise<void>((resolve) => {
      void Promise.resolve(
        broker.subscribe('listens', () => {
          resolve();
        }),
      ).then(() => {
        broker.publish('listens', {
          type: 'broadcast',
          except: null,
          sender: null,
          message: 'm',
          version: 1,
          data: null,
        });
      });
    });
  }

  async function node(
    port = mine.port,
    onWarning: NonNullable<Parameters<typeof redisBroker>[0]['onWarning']> = () => undefined,
  ): Promise<{ readonly broker: Broker; command(...args: string[]): Promise<unknown> }> {
    const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: 50 } });
    client.on('error', () => undefined);
    await client.connect();
    const broker = redisBroker({ client, onWarning });
    await broker.ready?.();
    ends.push(async () => {
      await broker.close();
      client.destroy();
    });
    return { broker, command: (...args) => client.sendCommand(args) };
  }

  test("members are there again after Redis forgot them, all nodes' of them", async () => {
    const [one, two] = [await node(), await node()];
    await one.broker.enter('r', ['m', null, null]);
    await two.broker.enter('r', ['n', null, null]);
    await one.command('FLUSHALL');
    await expect.poll(async () => (await ids(one.broker)).toSorted()).toEqual(['m', 'n']);
  });

  test('a node that was taken for gone says its members again', async () => {
    const one = await node();
    await one.broker.enter('lapsed', ['m', null, null]);
    // Its first word of the lease is there: what follows is not that.
    await expect.poll(() => one.command('EXISTS', 'roomful:nodes')).toBe(1);
    await one.command('DEL', 'roomful:nodes', 'roomful:{lapsed}:members');
    await expect.poll(() => ids(one.broker, 'lapsed')).toEqual(['m']);
  });

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
    for (const [room, ttl] of [
      ['long', 30 * 86_400_000],
      ['ever', Infinity],
    ] as const) {
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
        log: { limit: 10, ttl },
      };
      expect(await broker.append(it)).toMatchObject({ status: 'ok', offset: 1 });
      const lives = await Promise.all(
        ['meta', 'log'].map(async (name) => Number(await command('PTTL', `roomful:{${room}}:${name}`))),
      );
      expect(Math.min(...lives)).toBeGreaterThan(29 * 86_400_000);
    }
  });

  test('what was told while a node did not listen reaches it when it does again, once', async () => {
    const [one, two] = [await node(), await node()];
    const heard: unknown[] = [];
    two.broker.listen((event) => {
      heard.push(event);
    });
    await listensAgain(two.broker);
    // Redis has these two in order, and takes nobody back before the next turn.
    const killed = one.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    one.broker.tell({ type: 'disconnect', user: 'u', reason: 'r' });
    await killed;
    await expect.poll(() => heard).toEqual([{ type: 'disconnect', user: 'u', reason: 'r' }]);
    one.broker.tell({ type: 'reauthorize', user: 'v' });
    await expect.poll(() => heard).toHaveLength(2);
  });

  test('what is told while Redis is away is told when it is back, and counts here at once', async () => {
    const redis = await startRedis();
    const [one, two] = [await node(redis.port), await node(redis.port)];
    const heard: Record<string, unknown[]> = { one: [], two: [] };
    one.broker.listen((event) => {
      heard['one']?.push(event.user);
    });
    two.broker.listen((event) => {
      heard['two']?.push(event.user);
    });
    await listensAgain(two.broker);
    await redis.stop();
    await expect.poll(() => one.broker.healthy?.()).toBe(false);
    one.broker.tell({ type: 'reauthorize', user: 'u' });
    await expect.poll(() => heard).toEqual({ one: ['u'], two: [] });
    const again = await startRedis({ port: redis.port });
    await expect.poll(() => heard).toEqual({ one: ['u'], two: ['u'] });
    for (const end of ends.splice(0)) await end();
    await again.stop();
  });

  test('a Redis whose memory is full refuses a write as a whole, and takes it when there is room', async () => {
    const { broker, command } = await node();
    const append = (seq: number, id = `x${seq}`): unknown =>
      broker.append({
        room: 'full',
        producer: 'p',
        seq,
        id,
        follows: seq - 1,
        sender: null,
        type: 't',
        version: 1,
        data: 1,
        result: null,
        log: { limit: 10, ttl: 60_000 },
      });
    const kept = async (): Promise<unknown> =>
      Promise.all(
        ['meta', 'producer:FI3pxaekTRnlbNmuGlVL9n'].map((name) =>
          command('HGETALL', `roomful:{full}:${name}`),
        ),
      );
    await append(1);
    const before = await kept();
    await command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(append(2)).rejects.toThrow('Redis failed');
    await expect(
      broker.refuse('full', 'p', 2, 'x2', { code: 'rejected', reason: '', details: null }),
    ).rejects.toThrow('Redis failed');
    await expect(broker.enter('full', ['m', null, null])).rejects.toThrow('Redis failed');
    await expect(broker.read('full', { before: null, limit: 10 })).resolves.toMatchObject({
      top: { offset: 1 },
    });
    expect(await broker.watermark('full', 'p')).toBe(1);
    expect(await kept()).toEqual(before);
    await command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await append(2)).toMatchObject({ status: 'ok', offset: 2 });
  });

  test('what others wrote into a log is passed over and told of, and what comes after it is had', async () => {
    const warned: unknown[] = [];
    const { broker, command } = await node(mine.port, (warning) => {
      warned.push(warning);
    });
    const key = 'roomful:{strange}:log';
    const append = async (seq: number): Promise<unknown> =>
      broker.append({
        room: 'strange',
        producer: 'p',
        seq,
        id: `x${seq}`,
        follows: seq - 1,
        sender: null,
        type: 't',
        version: 1,
        data: seq,
        result: null,
        log: { limit: 100, ttl: 60_000 },
      });
    const all = async (): Promise<unknown> => {
      const page = await broker.read('strange', { before: null, limit: 100 });
      return 'why' in page ? page.why : page.entries.map(([offset]) => offset);
    };
    const begun = await broker.read('strange', { before: null, limit: 0 });
    if ('why' in begun) throw new Error(begun.why);
    for (const seq of [1, 2]) await append(seq);
    // Between two entries: none is missing.
    await command('XADD', key, '2-5', 'entry', 'hello');
    await append(3);
    expect(await all()).toEqual([1, 2, 3]);
    expect(warned).toEqual([{ what: 'foreign', key }]);
    // Instead of one: what comes before it is as good as trimmed.
    await command('XDEL', key, '3-0');
    await append(4);
    expect(await all()).toEqual([4]);
    expect(await broker.read('strange', { after: begun.top })).toEqual({ why: 'trimmed' });
    // Far behind: the log begins anew.
    await command('XADD', key, '*', 'other', 'hello');
    expect(await append(5)).toMatchObject({ status: 'ok', offset: 5 });
    expect(await all()).toEqual([5]);
  });

  test('members of a node that is gone are taken out in one step', async () => {
    const [one, two] = [await node(), await node()];
    const gone = Array.from({ length: 50 }, (_, index) => `m${index}`);
    for (const id of gone)
      await one.command('HSET', 'roomful:{many}:members', id, `nobody\n1\n["${id}",null,null]`);
    const left: (readonly string[])[] = [];
    await two.broker.subscribe('many', (event) => {
      if (event.type === 'presence') left.push(event.left);
    });
    expect(await one.broker.members('many')).toEqual([]);
    await expect.poll(() => left.flat().toSorted()).toEqual(gone.toSorted());
    expect(left).toHaveLength(1);
  });

  test('a node that has ended is not there again because it is asked who is in a room', async () => {
    const [one, two] = [await node(), await node()];
    await one.broker.enter('late', ['m', null, null]);
    const nodes = async (): Promise<number> => Number(await two.command('ZCARD', 'roomful:nodes'));
    const there = await nodes();
    await one.broker.close();
    await two.broker.enter('late', ['n', null, null]);
    await one.broker.members('late');
    expect(await nodes()).toBe(there - 1);
  });
});
