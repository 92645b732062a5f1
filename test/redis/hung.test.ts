// A Redis that hangs: its connections stay open, and it answers nothing.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, describe, expect, test } from 'vitest';
import type { Broker } from '../../src/server/broker/broker.js';
import { createRedisBroker } from '../../src/server/node/redis/broker.js';
import type { RedisClient } from '../../src/server/node/redis/index.js';
import { eventually } from '../support/eventually.js';
import { manualPorts } from '../support/server/manual-ports.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** How long Redis believes that a node is there without a word, in ms (`src/server/node/redis/members/presence.ts`). */
const leaseMs = 15_000;

interface World {
  readonly redis: TestRedis;
  readonly admin: ReturnType<typeof createClient>;
  /** A node whose timers ring when `advance` moves them on. */
  node(client?: RedisClient): Promise<Broker & { advance(ms: number): void }>;
  hang(): void;
  goOn(): void;
}

describe.skipIf(noRedis)('with Redis', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  async function world(): Promise<World> {
    const redis = await startRedis();
    ends.push(() => redis.stop('SIGKILL'));
    let hangs = false;
    const goOn = (): void => {
      if (hangs) process.kill(redis.pid, 'SIGCONT');
      hangs = false;
    };
    ends.push(goOn);
    const connect = async (): Promise<ReturnType<typeof createClient>> => {
      const client = createClient({ socket: { port: redis.port, host: '127.0.0.1' } });
      client.on('error', () => undefined);
      await client.connect();
      ends.push(() => {
        client.destroy();
      });
      return client as ReturnType<typeof createClient>;
    };
    return {
      redis,
      admin: await connect(),
      async node(client) {
        const ports = manualPorts();
        const broker = createRedisBroker({ client: client ?? (await connect()) }, ports);
        await broker.ready?.();
        ends.push(() => {
          const closed = broker.close();
          // What a Redis that hangs does not answer is given up.
          ports.advance(5_000);
          return closed;
        });
        return { ...broker, advance: ports.advance };
      },
      hang() {
        hangs = true;
        process.kill(redis.pid, 'SIGSTOP');
      },
      goOn,
    };
  }

  test('who is in a room stays there, however long nobody could say so', async () => {
    const { node, hang, goOn } = await world();
    const brokers = [await node(), await node()];
    const left: string[] = [];
    for (const [at, broker] of brokers.entries()) {
      await broker.subscribe('lobby', (event) => {
        if (event.type === 'presence') left.push(...event.left);
      });
      await broker.enter('lobby', [`m${at}`, { id: `m${at}` }, null]);
    }
    /** A second at a time, in which Redis answers: nothing that a timer asked is given up meanwhile. */
    const passes = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        for (const broker of brokers) broker.advance(1_000);
        for (const broker of brokers) await broker.members('lobby');
      }
    };
    await passes(5);
    hang();
    // The clock of Redis says when a lease ends, and nothing but waiting moves that on.
    await sleep(leaseMs + 500);
    goOn();
    await passes(20);
    expect(left).toEqual([]);
    expect((await brokers[0]?.members('lobby'))?.map(([id]) => id).toSorted()).toEqual(['m0', 'm1']);
  });

  test('what waits for it is bounded in bytes', async () => {
    const { redis, node, hang } = await world();
    const client = new Redis({ port: redis.port, host: '127.0.0.1', autoResendUnfulfilledCommands: false });
    client.on('error', () => undefined);
    ends.push(() => {
      client.disconnect();
    });
    await new Promise((resolve) => {
      client.once('ready', resolve);
    });
    const broker = await node(client);
    hang();
    const data = 'x'.repeat(16_000);
    gc();
    const before = process.memoryUsage();
    for (let round = 0; round < 800; round++) {
      for (let at = 0; at < 20; at++)
        broker.publish('lobby', {
          type: 'broadcast',
          except: null,
          sender: null,
          message: 'm',
          version: 1,
          data,
        });
      broker.advance(10);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    gc();
    const after = process.memoryUsage();
    // A client library holds a command as text and as bytes.
    expect((after.heapUsed + after.external - before.heapUsed - before.external) / 2 ** 20).toBeLessThan(160);
  });

  test('what is told counts on its own node before it returns, and there once', async () => {
    const { node, hang, goOn } = await world();
    const [here, there] = [await node(), await node()];
    const heard: string[] = [];
    const elsewhere: [string, number][] = [];
    here.listen(({ type, user }) => {
      heard.push(`${type} ${user}`);
    });
    there.listen(({ user }, age) => {
      elsewhere.push([user, age]);
    });
    hang();
    const began = performance.now();
    here.tell({ type: 'reauthorize', user: 'ada' });
    here.tell({ type: 'disconnect', user: 'bob', reason: 'r' });
    expect(heard).toEqual(['reauthorize ada', 'disconnect bob']);
    // Longer than Redis may take to answer, and once more to the next look: each event is told a second time.
    here.advance(16_000);
    goOn();
    await eventually(() => {
      expect(elsewhere.length).toBeGreaterThan(1);
    });
    here.advance(10_000);
    there.advance(10_000);
    // Redis passes on in order: whatever was told twice is heard before this.
    here.tell({ type: 'reauthorize', user: 'eve' });
    await eventually(() => {
      expect(elsewhere.at(-1)?.[0]).toBe('eve');
    });
    expect(heard).toEqual(['reauthorize ada', 'disconnect bob', 'reauthorize eve']);
    expect(elsewhere.map(([user]) => user).toSorted()).toEqual(['ada', 'bob', 'eve']);
    for (const [, age] of elsewhere) expect(age).toBeLessThanOrEqual(26_000 + performance.now() - began);
  });

  test('1,500 users who are disconnected while it is away are disconnected on the other node once it is back', async () => {
    const { redis, admin, node } = await world();
    const [here, there] = [await node(), await node()];
    const heard = new Map<string, number>();
    there.listen(({ user }, age) => {
      heard.set(user, age);
    });
    await redis.stop('SIGKILL');
    await eventually(() => {
      expect(admin.isReady).toBe(false);
    });
    for (let at = 0; at < 1_500; at++) here.tell({ type: 'disconnect', user: `u${at}`, reason: '' });
    here.advance(2_000);
    const again = await startRedis({ port: redis.port });
    ends.push(() => again.stop('SIGKILL'));
    await eventually(() => {
      expect(heard.size).toBe(1_500);
    });
    // A user who came in since was not meant: the other node learns how old the event is.
    expect(Math.min(...heard.values())).toBeGreaterThanOrEqual(2_000);
  });

  test('a room is looked at whatever stands where something else is kept', async () => {
    const { admin, node } = await world();
    await admin.sendCommand(['SET', 'roomful:told', 'x']);
    const broker = await node();
    const heard: string[] = [];
    await broker.subscribe('lobby', (event) => {
      heard.push(event.type);
    });
    await broker.append({
      room: 'lobby',
      producer: 'p',
      seq: 1,
      id: 'id1',
      follows: 0,
      sender: null,
      type: 'post',
      version: 1,
      data: 1,
      result: null,
      log: { limit: 100, ttl: 60_000 },
    });
    await eventually(() => {
      expect(heard).toEqual(['entry']);
    });
    // An entry that is in the log, and was not heard: as where a channel drops it.
    await admin.sendCommand([
      'EVAL',
      `redis.call('XADD', KEYS[2], '2-0', 'entry', '[2,"tag2","' .. redis.call('HGET', KEYS[1], 'tag') .. '","id2",' .. ARGV[1] .. ',null,"post",1,1]', 'at', ARGV[1]) redis.call('HSET', KEYS[1], 'offset', '2', 'tag', 'tag2') return 1`,
      '2',
      'roomful:{lobby}:meta',
      'roomful:{lobby}:log',
      String(Date.now()),
    ]);
    broker.advance(10_000);
    await eventually(() => {
      expect(heard).toEqual(['entry', 'entry']);
    });
  });
});
