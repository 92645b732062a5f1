// A Redis that hangs: its connections stay open, and it answers nothing.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Broker } from '../../src/server/broker.js';
import { redisBroker, type RedisClient } from '../../src/server/node/redis/index.js';
import { eventually } from '../support/eventually.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis.js';

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

interface World {
  readonly redis: TestRedis;
  readonly admin: ReturnType<typeof createClient>;
  node(client?: RedisClient): Promise<Broker>;
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
        const broker = redisBroker({ client: client ?? (await connect()) });
        await broker.ready?.();
        ends.push(() => broker.close());
        return broker;
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
    await sleep(6_000);
    hang();
    // Longer than a node is believed without a word.
    await sleep(17_000);
    goOn();
    await sleep(11_000);
    expect(left).toEqual([]);
    expect((await brokers[0]?.members('lobby'))?.map(([id]) => id).toSorted()).toEqual(['m0', 'm1']);
  }, 60_000);

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
      await sleep(10);
    }
    gc();
    const after = process.memoryUsage();
    // A client library holds a command as text and as bytes.
    expect((after.heapUsed + after.external - before.heapUsed - before.external) / 2 ** 20).toBeLessThan(160);
  }, 60_000);

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
    await sleep(6_000);
    goOn();
    await vi.waitFor(
      () => {
        expect(elsewhere.length).toBeGreaterThan(1);
      },
      { timeout: 15_000 },
    );
    await sleep(500);
    expect(heard).toEqual(['reauthorize ada', 'disconnect bob']);
    expect(elsewhere.map(([user]) => user).toSorted()).toEqual(['ada', 'bob']);
    for (const [, age] of elsewhere) expect(age).toBeLessThanOrEqual(performance.now() - began);
  }, 60_000);

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
    await sleep(2_000);
    const again = await startRedis({ port: redis.port });
    ends.push(() => again.stop('SIGKILL'));
    await vi.waitFor(
      () => {
        expect(heard.size).toBe(1_500);
      },
      { timeout: 20_000 },
    );
    // Who came in since was not meant.
    expect(Math.min(...heard.values())).toBeGreaterThan(1_900);
  }, 60_000);

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
    await vi.waitFor(
      () => {
        expect(heard).toEqual(['entry', 'entry']);
      },
      { timeout: 15_000 },
    );
  }, 40_000);
});
