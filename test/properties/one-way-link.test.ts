// A link that carries one way only: the client's frames do not arrive, or the server's do not. What still arrives must not hide it.
import { expect, test } from 'vitest';
import { serve } from '../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../src/testing/index.js';

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const pingEachSecond = { interval: 1_000, timeout: 2_000 };
const defaults = { interval: 25_000, timeout: 10_000 };

/** A client whose server would wait ten times as long as the client may, and two others that speak in its room all the time. */
async function setup(heartbeat: typeof defaults) {
  const world = createTestRealtime({
    rooms: [serve('lobby', { presence: true })],
    clock: 'virtual',
    server: { logger, heartbeat: { interval: heartbeat.interval * 10, timeout: heartbeat.timeout * 10 } },
  });
  const { client, network, signal } = world.user({ id: 'ada' }, { logger, heartbeat });
  const room = client.room('lobby');
  const heard: unknown[] = [];
  room.on('m', ({ data }) => heard.push(data));
  const other = world.user({ id: 'bob' }, { logger }).client.room('lobby');
  await world.advance(3_000);
  const status = (): string => client.store.getState().connection.status;
  /** Time passes while the others speak ten times a second: durable messages, broadcasts, presence. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) {
      await world.server.room('lobby').send('m', left);
      other.broadcast('b', left);
      other.setPresence({ left });
      await world.advance(Math.min(100, left));
    }
  };
  return { world, network, signal, room, heard, status, pass };
}

test.each([
  ['with pings each second', pingEachSecond, 'up'],
  ['with pings each second', pingEachSecond, 'down'],
  ['with pings each second', pingEachSecond, 'both'],
  ['with the defaults', defaults, 'up'],
  ['with the defaults', defaults, 'down'],
  ['with the defaults', defaults, 'both'],
] as const)(
  'P19 %s, a stall is noticed within interval + timeout and not before a ping was due: %o, %s',
  async (_, heartbeat, direction) => {
    const { world, network, heard, status, pass } = await setup(heartbeat);
    network.stall(direction);
    const before = heard.length;
    await pass(heartbeat.timeout - 100);
    expect(status()).toBe('connected');
    expect(heard.length > before).toBe(direction === 'up');
    await pass(heartbeat.interval + 100);
    expect(status()).toBe('reconnecting');
    network.restore();
    await pass(10_000);
    expect(status()).toBe('connected');
    await world.close();
  },
);

test.each([pingEachSecond, defaults])(
  'P19 a link that carries both ways is never given up, however much others say: %o',
  async (heartbeat) => {
    const { world, network, status, pass } = await setup(heartbeat);
    const opened = network.opened;
    network.latency(300, { jitter: 200 });
    await pass(heartbeat.interval * 4);
    expect([status(), network.opened]).toEqual(['connected', opened]);
    await world.close();
  },
);

test('P19 what was sent into a stalled link arrives once on the next one', async () => {
  const { world, network, room, heard, pass } = await setup(pingEachSecond);
  network.stall('up');
  const receipt = room.send('m', 'once');
  await pass(3_000);
  network.restore();
  await pass(5_000);
  expect(await receipt).toMatchObject({ offset: expect.any(Number) });
  expect(heard.filter((data) => data === 'once')).toHaveLength(1);
  await world.close();
});

test('P19 a stall behind a hidden page is noticed by the first alarm after it, and a page that comes back is asked at once', async () => {
  const { world, network, signal, status, pass } = await setup(defaults);
  signal('hidden');
  network.stall('up');
  await pass(5_000);
  signal('visible');
  await pass(1_900);
  expect(status()).toBe('connected');
  await pass(100);
  expect(status()).toBe('reconnecting');
  await world.close();
});
