// T40, T41: what Redis keeps for sessions, in bytes and in keys, whatever they say.
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Broker } from '../../src/server/broker/broker.js';
import { redisBroker } from '../../src/server/node/redis/index.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';

const log = { limit: 10, ttl: 60_000 };
const refusal = { code: 'invalid', reason: 'no', details: 'd'.repeat(4_090) };

describe.skipIf(noRedis)('with Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  async function setup(): Promise<{
    readonly broker: Broker;
    readonly command: (...args: string[]) => Promise<unknown>;
    readonly append: (producer: string, seq: number, result: unknown) => Promise<void>;
    /** Bytes of what is kept for the sessions of a room, and how many keys that are. */
    readonly kept: () => Promise<{ readonly bytes: number; readonly keys: number }>;
  }> {
    const client = createClient({ socket: { port: redis.port, host: '127.0.0.1' } });
    client.on('error', () => undefined);
    await client.connect();
    const command = async (...args: string[]): Promise<unknown> => client.sendCommand(args);
    await command('FLUSHALL');
    const broker = redisBroker({ client });
    await broker.ready?.();
    onTestFinished(async () => {
      await broker.close();
      client.destroy();
    });
    return {
      broker,
      command,
      async append(producer, seq, result) {
        await broker.append({
          room: 'r',
          producer,
          seq,
          id: `x${seq}`,
          follows: seq - 1,
          sender: null,
          type: 'm',
          version: 1,
          data: null,
          result,
          log,
        });
      },
      async kept() {
        const keys = ((await command('KEYS', '*{r}:*')) as string[]).filter((key) =>
          /:(?:producer|sessions|admission):/.test(key),
        );
        let bytes = 0;
        for (const key of keys) bytes += Number(await command('MEMORY', 'USAGE', key, 'SAMPLES', '0'));
        return { bytes, keys: keys.length };
      },
    };
  }

  test.each<readonly [string, (world: Awaited<ReturnType<typeof setup>>, seq: number) => Promise<void>]>([
    ['refusals', async ({ broker }, seq) => broker.refuse('r', 'p', seq, `x${seq}`, refusal)],
    ['results', ({ append }, seq) => append('p', seq, 'r'.repeat(20_000))],
    [
      'both',
      async ({ broker, append }, seq) =>
        seq % 2 ? broker.refuse('r', 'p', seq, `x${seq}`, refusal) : append('p', seq, 'r'.repeat(20_000)),
    ],
    ['ids', async ({ broker }, seq) => broker.refuse('r', 'p', seq, '規'.repeat(256), refusal)],
  ])('T40 the %s of one session take 256 KiB at most', async (_name, settle) => {
    const world = await setup();
    for (let seq = 1; seq <= 600; seq++) await settle(world, seq);
    expect((await world.kept()).bytes).toBeLessThan(262_144);
    expect(await world.broker.watermark('r', 'p')).toBe(600);
  });

  test('T40 what a node of an earlier version wrote stays what it was, and such a node finds no field that it cannot read', async () => {
    const { broker, command, append } = await setup();
    await append('p', 1, null);
    const [key = ''] = (await command('KEYS', '*:producer:*')) as string[];
    // Without a tag, and with a result that looks like one.
    await command('HSET', key, 's1', '2:x1[1,5,"abcdefgh"]');
    for (let seq = 2; seq <= 60; seq++) await broker.refuse('r', 'p', seq, `x${seq}`, refusal);
    expect(await broker.recall('r', 'p', 1, 'x1')).toEqual({
      status: 'duplicate',
      epoch: expect.any(String) as string,
      offset: 1,
      timestamp: 5,
      result: null,
      tag: undefined,
    });
    const fields = (await command('HKEYS', key)) as string[];
    // An earlier node deletes a field whose number is too old, and fails at one that has none.
    const numbers = fields.filter((field) => field !== 'last').map((field) => Number(field.slice(1)));
    expect(numbers.filter((number) => !(number >= 1))).toEqual([]);
    expect(Math.max(...numbers)).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('T41 made-up sessions of one user leave a bounded number of keys, whatever they do', async () => {
    const { broker, append, kept } = await setup();
    for (let key = 0; key < 400; key++) {
      const producer = JSON.stringify(['ada', `key ${key}`]);
      await (key % 2 ? append(producer, 1, null) : broker.refuse('r', producer, 1, 'x1', refusal));
      await broker.admissions?.admit('r', producer, { epoch: 'e', offset: 0 });
      await broker.rest?.('r', producer, 0);
    }
    // A producer and an admission of each, and the set of them.
    expect((await kept()).keys).toBe(128 * 2 + 1);
  });
});
