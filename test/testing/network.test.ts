// The network in memory: what it does to both ends must be what a real one does.
import { describe, expect, test } from 'vitest';
import { serve } from '../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../src/testing/index.js';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

test('what is on its way counts in bytes, not in characters', async () => {
  const world = createTestRealtime({
    rooms: [serve('lobby')],
    clock: 'virtual',
    server: { buffer: 10_000, logger: quiet },
  });
  const { client, network } = world.user({ id: 'ada' }, { logger: quiet });
  client.room('lobby');
  await world.advance(1_000);
  network.stall('down');
  const say = (text: string) => world.server.room('lobby').send('m', text);
  await say('x'.repeat(4_000));
  await world.advance(10);
  await say('x');
  await world.advance(10);
  expect(world.server.stats().connections).toBe(1);
  await say('漢'.repeat(7_000));
  await world.advance(10);
  await say('x');
  await world.advance(10);
  expect(world.server.stats().connections).toBe(0);
  await world.close();
});

describe('a client that closes behind a stall', () => {
  const stalled = async () => {
    const world = createTestRealtime({
      rooms: [serve('lobby', { presence: true })],
      clock: 'virtual',
      server: { logger: quiet },
    });
    const { client, network } = world.user({ id: 'ada' }, { logger: quiet });
    const room = client.room('lobby');
    await world.advance(1_000);
    network.stall();
    const members = async () => (await world.server.room('lobby').members()).length;
    return { ...world, client, network, room, members };
  };

  test('has closed for the server once the stall is over, after what it sent before', async () => {
    const { client, network, room, members, advance, close, server } = await stalled();
    room.send('m', 'last words').catch(() => undefined);
    await advance(100);
    client.close();
    await advance(100);
    expect([network.connections, server.stats().connections, await members()]).toEqual([0, 1, 1]);
    network.restore();
    await advance(100);
    expect([server.stats().connections, await members()]).toEqual([0, 0]);
    const page = await server.settings.broker.read('lobby', { before: null, limit: 10 });
    expect('entries' in page && page.entries.map((entry) => entry[8])).toEqual(['last words']);
    await close();
  });

  test.each(['drop', 'cut'] as const)(
    'is cut off for the server once the network does: %s',
    async (fault) => {
      const { client, network, members, advance, close, server } = await stalled();
      client.close();
      await advance(100);
      network[fault]();
      expect([server.stats().connections, await members()]).toEqual([0, 1]);
      await advance(11_000);
      expect(await members()).toBe(0);
      await close();
    },
  );
});
