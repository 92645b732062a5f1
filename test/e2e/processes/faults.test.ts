// Real faults over real processes: cuts by the hundred, servers and clients that are killed or stopped.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '../../../src/testing/random.js';
import { eventually } from '../../support/eventually.js';
import { seed, sized } from '../../support/sizes.js';
import { bundleProcesses, startProcesses, type Processes } from './world.js';

let world: Processes;
const random = seededRandom(seed);
const names = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `s${from + index}`);
const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

let programs: Awaited<ReturnType<typeof bundleProcesses>>;
beforeAll(async () => {
  programs = await bundleProcesses();
});
afterAll(() => programs.remove());
beforeEach(async () => {
  world = await startProcesses(programs.files, 60);
});
afterEach(() => world.close());

/** Breaks random connections until `done` and until it cut `least`, in all the ways a network can. Returns how many it cut. */
async function misbehave(done: Promise<unknown>, pause: number, least: number): Promise<number> {
  let going = true;
  let cuts = 0;
  void done.finally(() => {
    going = false;
  });
  while (going || cuts < least) {
    const { proxy } = world;
    const one = Math.floor(random() * proxy.connections);
    const roll = random();
    if (roll < 0.8) cuts += Number(proxy.resetOne(one));
    else if (roll < 0.86)
      proxy.stallOne(one, (['up', 'down', 'both'] as const)[Math.floor(random() * 3)] ?? 'both');
    else if (roll < 0.93) proxy.split = !proxy.split;
    else proxy.delay = random() < 0.5 ? 0 : random() * 40;
    await sleep(pause * (0.5 + random()));
  }
  Object.assign(world.proxy, { delay: 0, split: false });
  return cuts;
}

const each = sized(300, 2_500);
const leastCuts = sized(30, 200);
test(`${each * 20} messages of 20 senders through ${leastCuts} cuts and more: none lost, none twice, none out of order (SEED=${seed})`, async () => {
  const crowds = await Promise.all(
    [names(10), names(10, 10)].map((some) =>
      world.clients({
        names: some,
        rooms: some.map((_, index) => String(index % 2)),
        count: each,
        burst: 10,
        pause: 60,
      }),
    ),
  );
  const cuts = await misbehave(Promise.all(crowds.map(({ sent }) => sent)), 45, leastCuts);
  await world.finish(...crowds);
  console.log(`${each * 20} messages went through ${cuts} cuts`);
  expect(await world.verdict()).toEqual([]);
  // And the last one of each.
  expect(await world.logged()).toBe(each * 20 + 20);
});

test('a server that is killed again and again, with its log: whoever sent still holds what it had acknowledged, and sends it again', async () => {
  const crowd = await world.clients({
    names: names(6),
    rooms: names(6).map(() => '1'),
    count: 400,
    burst: 4,
    pause: 40,
  });
  for (let kills = 0; kills < 3; kills++) {
    await sleep(700);
    await world.killServer();
  }
  await crowd.sent;
  await world.finish(crowd);
  expect(await world.verdict()).toEqual([]);
});

test('a server that is stopped for longer than the heartbeat, and goes on', async () => {
  const crowd = await world.clients({
    names: names(6),
    rooms: names(6).map(() => '1'),
    count: 300,
    burst: 4,
    pause: 40,
  });
  for (let stops = 0; stops < 2; stops++) {
    await sleep(400);
    world.server().kill('SIGSTOP');
    await sleep(3_500);
    world.server().kill('SIGCONT');
  }
  await crowd.sent;
  await world.finish(crowd);
  expect(await world.verdict()).toEqual([]);
  expect(await world.logged()).toBe(6 * 301);
});

test('clients that are stopped for longer than the heartbeat, and go on', async () => {
  const [stopped, others] = await Promise.all(
    [names(4), names(4, 4)].map((some) =>
      world.clients({ names: some, rooms: some.map(() => '1'), count: 300, burst: 4, pause: 40 }),
    ),
  );
  if (!stopped || !others) throw new Error('no clients');
  await sleep(500);
  stopped.process.kill('SIGSTOP');
  await sleep(4_000);
  stopped.process.kill('SIGCONT');
  await Promise.all([stopped.sent, others.sent]);
  await world.finish(stopped, others);
  expect(await world.verdict()).toEqual([]);
  expect(await world.logged()).toBe(8 * 301);
});

test('clients that are killed: what they had acknowledged is there once, and nobody else is held up', async () => {
  const [killed, others] = await Promise.all(
    [names(4), names(4, 4)].map((some) =>
      world.clients({ names: some, rooms: some.map(() => '1'), count: 300, burst: 4, pause: 40 }),
    ),
  );
  if (!killed || !others) throw new Error('no clients');
  await eventually(async () => {
    expect((await killed.acknowledged()).length).toBeGreaterThan(0);
  });
  killed.process.kill('SIGKILL');
  const acknowledged = await killed.acknowledged();
  await others.sent;
  await world.finish(others);
  // The checker has the log: each sender's once and in order. What the dead had in hand when they died may be there or not.
  expect(await world.verdict()).toEqual([]);
  const found = await world.found();
  for (const { by, n } of acknowledged)
    expect(
      found.filter((said) => said.by === by && said.n === n),
      `${by} #${n}`,
    ).toHaveLength(1);
});
