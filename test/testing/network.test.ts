// The network in memory: what it does to both ends must be what a real one does.
import { expect, test } from 'vitest';
import { serve } from '../../src/server/serve.js';
import { createTestRealtime } from '../../src/testing/index.js';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

test('what is on its way counts in bytes, not in characters', async () => {
  const world = createTestRealtime({ rooms: [serve('lobby')], clock: 'virtual', server: { buffer: 10_000, logger: quiet } });
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
  await say('漢'.repeat(2_500));
  await world.advance(10);
  await say('x');
  await world.advance(10);
  expect(world.server.stats().connections).toBe(0);
  await world.close();
});
