// The broker of one process: the contract of every broker, and what it forgets.
import { expect, test } from 'vitest';
import { memoryBroker } from '../../src/server/memory-broker.js';
import { brokerContract } from '../contracts/broker.js';

brokerContract('memory', async () => {
  let now = 1_000;
  const broker = memoryBroker({ now: () => now });
  return {
    broker,
    sleep: async (ms) => {
      now += ms;
    },
    close: async () => {
      await broker.close();
    },
  };
});

test('rooms that nobody uses are forgotten once all they hold is too old', async () => {
  let now = 1_000;
  const broker = memoryBroker({ now: () => now });
  const say = (room: string) => broker.append({ room, producer: null, seq: 0, id: 'x', restart: false, sender: null, type: 't', version: 1, data: null, result: null, log: { limit: 10, ttl: 1_000 } });
  const first = await say('old');
  await broker.enter('kept', ['m', null, null]);
  const kept = await say('kept');
  now += 2_000;
  for (let count = 0; count < 5_000; count++) await say('busy');
  const again = await say('old');
  expect(again).toMatchObject({ offset: 1 });
  expect((again as { readonly epoch: string }).epoch).not.toBe((first as { readonly epoch: string }).epoch);
  expect(await say('kept')).toMatchObject({ epoch: (kept as { readonly epoch: string }).epoch, offset: 2 });
});

test('a receipt older than the window is a duplicate whose place is not known', async () => {
  const broker = memoryBroker();
  const append = (seq: number) => broker.append({ room: 'r', producer: 'p', seq, id: `x${seq}`, restart: false, sender: null, type: 't', version: 1, data: null, result: null, log: { limit: 10, ttl: 1_000 } });
  for (let seq = 1; seq <= 600; seq++) await append(seq);
  expect(await append(1)).toMatchObject({ status: 'duplicate', offset: null });
  expect(await append(600)).toMatchObject({ status: 'duplicate', offset: 600 });
});
