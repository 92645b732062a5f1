// Real faults over real nodes and a real Redis: none of it may lose, double or reorder a message.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Crowd } from '../e2e/processes/crowds.js';
import { noRedis } from '../support/redis.js';
import { bundleNodes, startCluster, type Cluster } from './nodes/world.js';

const names = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `s${from + index}`);
const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
const inMemory = ['--save', '', '--appendonly', 'no'];
const everyWrite = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];

describe.skipIf(noRedis)('with Redis', () => {
  let programs: Awaited<ReturnType<typeof bundleNodes>>;
  beforeAll(async () => {
    programs = await bundleNodes();
  }, 60_000);
  afterAll(() => programs.remove());

  async function withCluster(
    nodes: number,
    keeping: readonly string[],
    run: (world: Cluster) => Promise<void>,
  ): Promise<void> {
    const world = await startCluster(programs.files, nodes, keeping);
    onTestFinished(() => world.close());
    await run(world);
  }

  const total = async (world: Cluster): Promise<number> =>
    Array.from((await world.logs()).values(), ({ entries }) => entries.length).reduce(
      (sum, each) => sum + each,
      0,
    );

  /** Everything is settled, and nothing is wrong; `count`: so much is in the log. */
  async function allIsWell(world: Cluster, crowds: readonly Crowd[], count: number): Promise<void> {
    await Promise.all(crowds.map(({ sent }) => sent));
    await world.finish(...crowds);
    expect(await world.verdict()).toEqual([]);
    expect(await total(world)).toBe(count);
  }

  test(
    '30,000 messages of clients that hop between 3 nodes, of which 20 are killed: none lost, none twice, none out of order',
    () =>
      withCluster(3, inMemory, async (world) => {
        const crowds = await Promise.all(
          [names(10), names(10, 10)].map((some) =>
            world.clients({
              names: some,
              rooms: some.map((_, index) => String(index % 2)),
              count: 1_500,
              burst: 5,
              pause: 60,
              blocked: true,
            }),
          ),
        );
        for (let kills = 0; kills < 20; kills++) {
          await world.killNode(kills);
          world.proxy.resetOne(Math.floor(Math.random() * world.proxy.connections));
          await sleep(300);
        }
        await allIsWell(world, crowds, 30_000 + 20);
      }),
    240_000,
  );

  test(
    'Redis is killed ten times under load, and keeps every write: none lost, none twice, none out of order',
    () =>
      withCluster(2, everyWrite, async (world) => {
        const crowd = await world.clients({
          names: names(8),
          rooms: names(8).map(() => '1'),
          count: 400,
          burst: 4,
          pause: 60,
        });
        for (let kills = 0; kills < 10; kills++) {
          await sleep(400);
          await world.restartRedis('SIGKILL', 100);
        }
        await allIsWell(world, [crowd], 8 * 401);
      }),
    120_000,
  );

  test(
    'Redis goes back in time five times, and forgets everything once: whoever sent still holds it, and whoever missed something is told',
    () =>
      withCluster(2, inMemory, async (world) => {
        const crowd = await world.clients({
          names: names(8),
          rooms: names(8).map(() => '1'),
          count: 300,
          burst: 4,
          pause: 60,
        });
        for (let times = 0; times < 5; times++) {
          await sleep(300);
          await world.command('SAVE');
          await sleep(300);
          await world.restartRedis('SIGKILL', 100);
        }
        await sleep(300);
        await world.command('FLUSHALL');
        await crowd.sent;
        await world.finish(crowd);
        expect(await world.verdict()).toEqual([]);
      }),
    120_000,
  );

  test(
    'the connections that listen are killed 50 times: what was not heard is found in the log',
    () =>
      withCluster(2, inMemory, async (world) => {
        const crowd = await world.clients({
          names: names(8),
          rooms: names(8).map(() => '1'),
          count: 400,
          burst: 4,
          pause: 40,
        });
        for (let kills = 0; kills < 50; kills++) {
          await world.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
          await sleep(60);
        }
        await allIsWell(world, [crowd], 8 * 401);
      }),
    120_000,
  );

  test(
    'a Redis that is away for 30 s under load: nothing is acknowledged, nobody is disconnected, memory is bounded, health says so, and work goes on within 3 s of its return',
    () =>
      withCluster(2, everyWrite, async (world) => {
        const crowd = await world.clients({
          names: names(8),
          rooms: names(8).map(() => '1'),
          count: 2_000,
          burst: 4,
          pause: 60,
        });
        await sleep(2_000);
        expect(await world.health(0)).toEqual({ live: 200, ready: 200 });
        const accepted = world.proxy.accepted;
        const memory = await Promise.all([0, 1].map((index) => world.memory(index)));
        const away = world.restartRedis('SIGTERM', 30_000);
        await sleep(1_000);
        const before = (await crowd.acknowledged()).length;
        expect(before).toBeGreaterThan(0);
        for (let seconds = 0; seconds < 28; seconds++) {
          expect(await Promise.all([0, 1].map((index) => world.health(index)))).toEqual([
            { live: 200, ready: 503 },
            { live: 200, ready: 503 },
          ]);
          for (const [index, was] of memory.entries())
            expect((await world.memory(index)) - was).toBeLessThan(50 * 2 ** 20);
          await sleep(1_000);
        }
        expect((await crowd.acknowledged()).length).toBe(before);
        await away;
        const back = Date.now();
        while ((await crowd.acknowledged()).length === before) await sleep(50);
        expect(Date.now() - back).toBeLessThan(3_000);
        expect(await world.health(0)).toEqual({ live: 200, ready: 200 });
        expect(world.proxy.accepted).toBe(accepted);
        await allIsWell(world, [crowd], 8 * 2_001);
      }),
    180_000,
  );

  test(
    'a node that is killed takes its members with it, within its lease',
    () =>
      withCluster(2, inMemory, async (world) => {
        const crowd = await world.clients({
          names: names(6),
          rooms: names(6).map(() => '1'),
          count: 1,
          burst: 1,
          pause: 10,
        });
        await crowd.sent;
        expect(await world.members(0, 'line/1')).toBe(6);
        crowd.process.kill('SIGKILL');
        await world.killNode(0);
        const until = Date.now() + 35_000;
        while ((await world.members(1, 'line/1')) > 0 && Date.now() < until) await sleep(250);
        expect(await world.members(1, 'line/1')).toBe(0);
      }),
    60_000,
  );
});
