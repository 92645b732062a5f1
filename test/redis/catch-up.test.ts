// What members missed leaves Redis about once, however large it is and however many they are.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { json } from '../../src/protocol/codec.js';
import { redisBroker } from '../../src/server/node/redis/index.js';
import { serve } from '../../src/server/rooms/serve.js';
import { rawWorld } from '../support/server/raw.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';

describe.skipIf(noRedis)('T46 with Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  test.each([
    ['one member that missed a log of 24 MB of large messages', 1, 400, 60_000, 2],
    ['one member that missed 20,000 messages', 1, 20_000, 1_000, 2],
    ['fifty members that missed the same 5,000 messages', 50, 5_000, 1_000, 3],
    ['fifty members that missed the same messages of 60 KB', 50, 60, 60_000, 3],
  ])('%s', async (_name, members, count, size, times) => {
    const client = createClient({ socket: { port: redis.port, host: '127.0.0.1' } });
    await client.connect();
    const admin = client.duplicate();
    await admin.connect();
    const broker = redisBroker({ client, prefix: `catch-up-${members}-${count}` });
    onTestFinished(async () => {
      await broker.close();
      client.destroy();
      admin.destroy();
    });
    /** Bytes that Redis has sent to anybody. */
    const sent = async (): Promise<number> =>
      Number(/total_net_output_bytes:(\d+)/.exec(await admin.info('stats'))?.[1]);

    // Time flies here while Redis answers: no connection is to be silent for too long.
    const heartbeat = { interval: 1e9, timeout: 1e9 };
    const rooms = [serve('lobby', { history: { limit: 20_000 } })];
    const world = rawWorld({ rooms, broker, heartbeat });
    const codec = json();
    const told: number[][] = [];
    const closed: string[] = [];
    /** A connection that notes the offsets that it is told, and keeps nothing else. */
    const member = (name: string, position: unknown): { position: unknown; readonly offsets: number[] } => {
      const self = { position: null as unknown, offsets: [] as number[] };
      const events = world.core.open(
        {
          send(data) {
            for (const frame of codec.decode(data) as (readonly unknown[])[]) {
              if (frame[0] === 21) {
                self.position = frame[2];
                for (const [offset] of frame[5] as [number][]) self.offsets.push(offset);
              } else if (frame[0] === 25) self.offsets.push((frame[2] as [number])[0]);
            }
          },
          close: (code, reason) => closed.push(`${code} ${reason}`),
          terminate: () => undefined,
          buffered: () => 0,
        },
        codec,
        { origin: null, address: 'test', headers: {} },
      );
      events.message(JSON.stringify([1, `session-of-${name}`, 'i', name, false, 'raw', null]));
      events.message(JSON.stringify([2, 'lobby', position, 0, null]));
      return self;
    };
    /** Time goes on, for the server and for Redis. */
    const until = async (isDone: () => boolean): Promise<void> => {
      while (!isDone()) {
        if (closed.length > 0) throw new Error(closed.join());
        await world.clock.advance(20);
        await nextTurn();
      }
    };

    const first = member('first', null);
    await until(() => first.position !== null);
    for (let from = 0; from < count; from += 50)
      await Promise.all(
        Array.from({ length: Math.min(50, count - from) }, () =>
          world.core.room('lobby').send('m', 'x'.repeat(size)),
        ),
      );
    await until(() => first.offsets.length === count);
    const before = await sent();
    const back = Array.from({ length: members }, (_, index) => member(`m${index}`, first.position));
    await until(() => back.every(({ offsets }) => offsets.length >= count));
    const bytes = (await sent()) - before;
    for (const { offsets } of back) told.push(offsets);
    const all = Array.from({ length: count }, (_, index) => index + 1);
    expect(told).toEqual(back.map(() => all));
    expect(bytes).toBeGreaterThan(count * size);
    expect(bytes).toBeLessThan(count * size * times);
  });
});
