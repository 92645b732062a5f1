// Real faults over real nodes and a real Redis: none of it may lose, double or reorder a message.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Crowd } from '../e2e/processes/crowds.js';
import { noRedis } from '../support/redis/redis.js';
import { seededRandom } from '../../src/testing/random.js';
import { eventually } from '../support/eventually.js';
import { seed, sized } from '../support/sizes.js';
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
  });
  afterAll(() => programs.remove());

  async function withCluster(
    nodes: number,
    keeping: readonly string[],
    run: (world: Cluster) => Promise<void>,
    heartbeatMs?: number,
  ): Promise<void> {
    const world = await startCluster(programs.files, nodes, keeping, heartbeatMs);
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

  const each = sized(150, 1_500);
  const nodesKilled = sized(5, 20);
  test(`${each * 20} messages of clients that hop between 3 nodes, of which ${nodesKilled} are killed: none lost, none twice, none out of order (SEED=${seed})`, () =>
    withCluster(3, inMemory, async (world) => {
      const random = seededRandom(seed);
      const crowds = await Promise.all(
        [names(10), names(10, 10)].map((some) =>
          world.clients({
            names: some,
            rooms: some.map((_, index) => String(index % 2)),
            count: each,
            burst: 5,
            pause: 60,
            blocked: true,
          }),
        ),
      );
      for (let kills = 0; kills < nodesKilled; kills++) {
        await world.killNode(kills);
        world.proxy.resetOne(Math.floor(random() * world.proxy.connections));
        await sleep(300);
      }
      await allIsWell(world, crowds, each * 20 + 20);
    }));

  const restarts = sized(3, 10);
  test(`Redis is killed ${restarts} times under load, and keeps every write: none lost, none twice, none out of order`, () =>
    withCluster(2, everyWrite, async (world) => {
      const count = sized(120, 400);
      const crowd = await world.clients({
        names: names(8),
        rooms: names(8).map(() => '1'),
        count,
        burst: 4,
        pause: 60,
      });
      for (let kills = 0; kills < restarts; kills++) {
        await sleep(400);
        await world.restartRedis('SIGKILL', 100);
      }
      await allIsWell(world, [crowd], 8 * (count + 1));
    }));

  const rollbacks = sized(2, 5);
  test(`Redis goes back in time ${rollbacks} times, and forgets everything once: a sender still holds its messages, and a reader that missed some is told`, () =>
    withCluster(2, inMemory, async (world) => {
      const crowd = await world.clients({
        names: names(8),
        rooms: names(8).map(() => '1'),
        count: sized(150, 300),
        burst: 4,
        pause: 60,
      });
      for (let times = 0; times < rollbacks; times++) {
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
    }));

  const listenersKilled = sized(15, 50);
  test(`the connections that listen are killed ${listenersKilled} times: what was not heard is found in the log`, () =>
    withCluster(2, inMemory, async (world) => {
      const count = sized(150, 400);
      const crowd = await world.clients({
        names: names(8),
        rooms: names(8).map(() => '1'),
        count,
        burst: 4,
        pause: 40,
      });
      for (let kills = 0; kills < listenersKilled; kills++) {
        await world.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await sleep(60);
      }
      await allIsWell(world, [crowd], 8 * (count + 1));
    }));

  const secondsAway = sized(8, 30);
  test(`a Redis that is away for ${secondsAway} s under load: nothing is acknowledged, no connection ends, memory is bounded, health says so, and work goes on when it is back`, () =>
    withCluster(
      2,
      everyWrite,
      async (world) => {
        const count = sized(300, 2_000);
        const crowd = await world.clients({
          names: names(8),
          rooms: names(8).map(() => '1'),
          count,
          burst: 4,
          pause: 60,
          patient: true,
        });
        await eventually(async () => {
          expect((await crowd.acknowledged()).length).toBeGreaterThan(100);
        });
        expect(await world.health(0)).toEqual({ live: 200, ready: 200 });
        const accepted = world.proxy.accepted;
        const memory = await Promise.all([0, 1].map((index) => world.memory(index)));
        const away = world.restartRedis('SIGTERM', secondsAway * 1_000);
        const bothSayAway = async (): Promise<void> => {
          expect(await Promise.all([0, 1].map((index) => world.health(index)))).toEqual([
            { live: 200, ready: 503 },
            { live: 200, ready: 503 },
          ]);
        };
        await eventually(bothSayAway);
        // What Redis answered before it went may still be on its way to a client.
        await sleep(1_000);
        const before = (await crowd.acknowledged()).length;
        for (let seconds = 0; seconds < secondsAway - 3; seconds++) {
          await bothSayAway();
          for (const [index, was] of memory.entries())
            expect((await world.memory(index)) - was).toBeLessThan(50 * 2 ** 20);
          await sleep(1_000);
        }
        expect((await crowd.acknowledged()).length).toBe(before);
        await away;
        await eventually(async () => {
          expect((await crowd.acknowledged()).length).toBeGreaterThan(before);
          expect(await world.health(0)).toEqual({ live: 200, ready: 200 });
        });
        expect(world.proxy.accepted).toBe(accepted);
        await allIsWell(world, [crowd], 8 * (count + 1));
      },
      30_000,
    ));

  test('a node that is killed takes its members with it, once its lease is over', () =>
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
      await eventually(async () => {
        expect(await world.members(1, 'line/1')).toBe(0);
      });
    }));
});
