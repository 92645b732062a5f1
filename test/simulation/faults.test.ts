// Seeded worlds in which the network misbehaves and the server restarts: whatever happens, each message is in the log once, in its sender's order, and reaches everybody.
import { expect, test } from 'vitest';
import { defineRoom, type } from '../../src/contract/index.js';
import { serve } from '../../src/server/serve.js';
import { seededRandom } from '../../src/testing/random.js';
import { createTestRealtime } from '../../src/testing/world.js';

const line = defineRoom('line', { messages: { say: type<string>() } });
const names = ['ada', 'bob', 'cleo'];
const first = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const seeds = Array.from({ length: process.env['SEED'] === undefined ? 40 : 1 }, (_, index) => first + index);

test.each(seeds)('SEED=%i', async (seed) => {
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const quiet = { warn: () => undefined, error: () => undefined };
  // A handler that takes its time, so that connections break while it runs.
  const slow = random() < 0.5;
  const world = createTestRealtime({
    rooms: [serve(line, { on: { say: () => (slow ? new Promise<void>((resolve) => { world.clock.after(random() * 80, resolve); }) : undefined) }, history: { limit: 10_000 } })],
    seed,
    clock: 'virtual',
    server: { heartbeat: { interval: 1_000, timeout: 1_000 }, logger: { info: () => undefined, warn: () => undefined, error: () => undefined } },
  });
  const users = names.map((id) => ({ id, ...world.user({ id }, { logger: quiet, backoff: { initial: 50, max: 500 } }) }));
  const heard = new Map(names.map((id) => [id, [] as string[]]));
  const rooms = users.map(({ id, client }) => {
    const room = client.room(line);
    room.on('say', ({ data }) => heard.get(id)?.push(data));
    return room;
  });
  const resets: string[] = [];
  for (const { client } of users) client.on('reset', ({ why }) => resets.push(why));
  await world.advance(200);

  const sent: Promise<{ readonly offset: number | null }>[] = [];
  const said = names.map(() => 0);
  for (let step = 0; step < 120; step++) {
    const index = Math.floor(random() * users.length);
    const user = users[index];
    const roll = random();
    if (roll < 0.6) for (let burst = 0; burst < 1 + random() * 4; burst++) sent.push(rooms[index]?.send('say', `${names[index]} ${(said[index] = (said[index] ?? 0) + 1)}`) ?? Promise.reject(new Error('no room')));
    else if (roll < 0.7) user?.network.drop();
    else if (roll < 0.76) user?.network.cut();
    else if (roll < 0.81) user?.network.stall(pick(['both', 'up', 'down']));
    else if (roll < 0.84) user?.network.latency(random() * 300, { jitter: random() * 200 });
    else if (roll < 0.96) user?.network.restore();
    else if (roll < 0.98) user?.client.reconnect();
    else await world.restartServer({ keepLog: true });
    await world.advance(random() * 200);
  }
  for (const { network } of users) {
    network.latency(0);
    network.restore();
  }
  await world.advance(60_000);

  const receipts = await Promise.all(sent);
  const log = (await Promise.all([rooms[0]?.history({ limit: 10_000 }), world.advance(100)]))[0] ?? [];
  expect(new Set(receipts.map(({ offset }) => offset)).size, 'each receipt names a place of its own').toBe(sent.length);
  for (const [id, lines] of heard) {
    expect(lines.length, `${id} hears each message once`).toBe(sent.length);
    for (const [index, name] of names.entries()) expect(lines.filter((it) => it.startsWith(name)), `${id} hears ${name} in order`).toEqual(Array.from({ length: said[index] ?? 0 }, (_, count) => `${name} ${count + 1}`));
  }
  expect(log.at(-1)?.offset, 'and the log holds nothing else').toBe(sent.length);
  expect(resets).toEqual([]);
  await world.close();
}, 30_000);
