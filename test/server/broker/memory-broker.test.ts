// The broker of one process: the contract of every broker, and what it forgets.
import { describe, expect, test } from 'vitest';
import type { Broker } from '../../../src/server/broker/broker.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import { brokerContract } from '../../contracts/broker.js';

brokerContract('memory', async () => {
  let now = 1_000;
  const broker = memoryBroker({ now: () => now });
  return {
    broker,
    settle: async () => undefined,
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
  const say = (room: string) =>
    broker.append({
      room,
      producer: null,
      seq: 0,
      id: 'x',
      follows: 0,
      sender: null,
      type: 't',
      version: 1,
      data: null,
      result: null,
      log: { limit: 10, ttl: 1_000 },
    });
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

const refusal = { code: 'rejected', reason: 'no', details: null };

test('rooms whose messages were all refused are forgotten a day later, and are the same to who comes back', async () => {
  let now = 1_000;
  const broker = memoryBroker({ now: () => now });
  const rooms = Array.from({ length: 300 }, (_, index) => `room${index}`);
  for (const room of rooms) await broker.refuse(room, 'p', 1, 'x', refusal);
  const epochOf = async (room: string) =>
    ((await broker.read(room, { before: null, limit: 0 })) as { readonly epoch: string }).epoch;
  const before = await epochOf('room7');
  const known = async () => {
    let count = 0;
    for (const room of rooms) if (await broker.recall(room, 'p', 1, 'x')) count++;
    return count;
  };
  now += 86_000_000;
  await broker.enter('lobby', ['m', null, null]);
  expect(await known()).toBe(300);
  now += 1_000_000;
  await broker.enter('lobby', ['n', null, null]);
  expect(await known()).toBe(0);
  expect(await epochOf('room7')).toBe(before);
});

test('numbers that are asked for are not forgotten, however long nothing is said', async () => {
  let now = 1_000;
  const broker = memoryBroker({ now: () => now });
  await broker.refuse('r', 'p', 1, 'x', refusal);
  for (let hour = 0; hour < 72; hour++) {
    now += 3_600_000;
    await broker.watermark('r', 'p');
    await broker.enter('lobby', [`m${hour}`, null, null]);
  }
  expect(await broker.watermark('r', 'p')).toBe(1);
});

test.each<readonly [string, (broker: Broker, count: number) => unknown]>([
  ['refused', (broker, count) => broker.refuse('busy', 'p', count, 'x', refusal)],
  ['entered', (broker, count) => broker.enter('busy', [`m${count}`, null, null])],
  ['subscribed to', (broker) => broker.subscribe('busy', () => undefined)],
  ['read', (broker) => broker.read('busy', { before: null, limit: 1 })],
])('what is too old is looked for however a broker is used: %s', async (_name, use) => {
  let now = 1_000;
  const broker = memoryBroker({ now: () => now });
  const say = (): unknown =>
    broker.append({
      room: 'old',
      producer: null,
      seq: 0,
      id: 'x',
      follows: 0,
      sender: null,
      type: 't',
      version: 1,
      data: null,
      result: null,
      log: { limit: 10, ttl: 1_000 },
    });
  await say();
  now += 2_000;
  for (let count = 0; count < 5_000; count++) await use(broker, count);
  expect(await say()).toMatchObject({ offset: 1 });
});

test('a receipt older than the window is a duplicate whose place is not known', async () => {
  const broker = memoryBroker();
  const append = (seq: number) =>
    broker.append({
      room: 'r',
      producer: 'p',
      seq,
      id: `x${seq}`,
      follows: seq - 1,
      sender: null,
      type: 't',
      version: 1,
      data: null,
      result: null,
      log: { limit: 10, ttl: 1_000 },
    });
  for (let seq = 1; seq <= 600; seq++) await append(seq);
  expect(await append(1)).toMatchObject({ status: 'duplicate', offset: null });
  expect(await append(600)).toMatchObject({ status: 'duplicate', offset: 600 });
});

test('T21 all logs together are bounded: the heaviest lose their oldest entries, a light one none, and what is left is whole', async () => {
  const broker = memoryBroker({ bytes: 1_000_000 });
  const log = { limit: 100_000, ttl: 60_000 };
  const say = (room: string, data: unknown) =>
    broker.append({
      room,
      producer: null,
      seq: 0,
      id: 'x',
      follows: 0,
      sender: null,
      type: 't',
      version: 1,
      data,
      result: null,
      log,
    });
  const read = async (room: string) => {
    const page = await broker.read(room, { before: null, limit: 100_000 });
    if ('why' in page) throw new Error(page.why);
    return page;
  };
  for (let at = 0; at < 50; at++) await say('light', at);
  const start = (await read('heavy')).top;
  for (let at = 0; at < 5_000; at++) await say(at % 2 ? 'heavy' : 'other', 'x'.repeat(1_000));
  const [light, heavy, other] = [await read('light'), await read('heavy'), await read('other')];
  expect(light.entries).toHaveLength(50);
  expect(heavy.entries.length + other.entries.length).toBeLessThan(1_000);
  expect(Math.abs(heavy.entries.length - other.entries.length)).toBeLessThan(200);
  expect(heavy.entries.length).toBeGreaterThan(200);
  expect(heavy.entries.at(-1)?.[0]).toBe(2_500);
  expect(heavy.entries.map(([offset]) => offset)).toEqual(
    Array.from({ length: heavy.entries.length }, (_, index) => 2_500 - heavy.entries.length + 1 + index),
  );
  expect(await broker.read('heavy', { after: start })).toEqual({ why: 'trimmed' });
});

describe('T40 what is remembered of sessions', () => {
  const details = 'd'.repeat(4_000);
  const named = (user: number): string => JSON.stringify([`user ${user}`, 'key']);

  test('counts in the bytes of the broker: details go first, the oldest first, and no number is forgotten of who is there', async () => {
    let now = 1_000;
    const broker = memoryBroker({ bytes: 4_000_000, now: () => now });
    for (let user = 0; user < 2_000; user++) {
      now++;
      await broker.refuse(`room ${user % 10}`, named(user), 1, 'x', { ...refusal, details });
    }
    const known: boolean[] = [];
    for (let user = 0; user < 2_000; user++) {
      const it = await broker.recall(`room ${user % 10}`, named(user), 1, 'x');
      expect(it?.status).not.toBe(undefined);
      known.push(it?.status === 'refused' && it.refusal.details !== null);
    }
    const kept = known.filter(Boolean).length;
    expect(kept * 4_000).toBeLessThan(1_000_000);
    expect(kept).toBeGreaterThan(20);
    expect(known.lastIndexOf(false)).toBe(2_000 - kept - 1);
  });

  test('then sessions that are not there any more, the one that was used least lately first, and none that is there', async () => {
    let now = 1_000;
    const broker = memoryBroker({ bytes: 4_000_000, now: () => now });
    for (let user = 0; user < 10_000; user++) {
      now++;
      await broker.refuse('r', named(user), 1, 'x', refusal);
      if (user >= 100) await broker.rest?.('r', named(user), 0);
    }
    const known: boolean[] = [];
    for (let user = 0; user < 10_000; user++) known.push((await broker.watermark('r', named(user))) === 1);
    const kept = known.slice(100).filter(Boolean).length;
    expect(known.slice(0, 100)).not.toContain(false);
    expect(kept * 500).toBeLessThan(1_000_000);
    expect(kept).toBeGreaterThan(500);
    expect(known.lastIndexOf(false)).toBe(10_000 - kept - 1);
  });

  test('and of those that are there, where they alone are too many, the outcomes and never the last number', async () => {
    let now = 1_000;
    const broker = memoryBroker({ bytes: 1_000_000, now: () => now });
    for (let seq = 1; seq <= 512; seq++)
      for (let user = 0; user < 20; user++) {
        now++;
        await broker.refuse('r', named(user), seq, 'x', refusal);
      }
    let outcomes = 0;
    for (let user = 0; user < 20; user++) {
      expect(await broker.watermark('r', named(user))).toBe(512);
      for (let seq = 1; seq <= 512; seq++)
        if ((await broker.recall('r', named(user), seq, 'x'))?.status === 'refused') outcomes++;
    }
    expect(outcomes * 200).toBeLessThan(250_000);
    expect(outcomes).toBeGreaterThan(500);
  });

  test('of one session, the newest 512 outcomes are remembered, and the oldest one goes for each new one', async () => {
    const broker = memoryBroker();
    const known = async (upTo: number): Promise<number[]> => {
      const seqs: number[] = [];
      for (let seq = 1; seq <= upTo; seq++)
        if ((await broker.recall('r', 'p', seq, 'x'))?.status === 'refused') seqs.push(seq);
      return seqs;
    };
    for (let seq = 1; seq <= 513; seq++) await broker.refuse('r', 'p', seq, 'x', refusal);
    expect((await known(513))[0]).toBe(2);
    for (let seq = 514; seq <= 2_000; seq++) await broker.refuse('r', 'p', seq, 'x', refusal);
    expect(await known(2_000)).toEqual(Array.from({ length: 512 }, (_, index) => 1_489 + index));
  });

  test('and members with their presence leave less for logs, which keep a quarter', async () => {
    const broker = memoryBroker({ bytes: 1_000_000 });
    const entries = async (): Promise<number> => {
      const page = await broker.read('r', { before: null, limit: 10_000 });
      if ('why' in page) throw new Error(page.why);
      return page.entries.length;
    };
    const say = (): unknown =>
      broker.append({
        room: 'r',
        producer: null,
        seq: 0,
        id: 'x',
        follows: 0,
        sender: null,
        type: 't',
        version: 1,
        data: 'x'.repeat(1_000),
        result: null,
        log: { limit: 10_000, ttl: 60_000 },
      });
    for (let count = 0; count < 2_000; count++) await say();
    expect(await entries()).toBeGreaterThan(550);
    for (let id = 0; id < 100; id++)
      await broker.enter('other', [`m${id}`, null, { text: 'p'.repeat(5_000) }]);
    expect(await entries()).toBeLessThan(400);
    for (let id = 0; id < 100; id++) await broker.update('other', `m${id}`, { more: 'p'.repeat(5_000) });
    for (let count = 0; count < 2_000; count++) await say();
    expect(await entries()).toBeLessThan(200);
    expect(await entries()).toBeGreaterThan(140);
    for (let id = 0; id < 100; id++) await broker.exit('other', `m${id}`);
    for (let count = 0; count < 2_000; count++) await say();
    expect(await entries()).toBeGreaterThan(550);
  });
});

test('T40 where sessions were admitted is bounded in bytes, and the one that was used least lately goes first', async () => {
  const broker = memoryBroker({ bytes: 1_000_000 });
  const producer = (index: number): string => JSON.stringify([`user ${index} ${'u'.repeat(1_000)}`, 'key']);
  for (let index = 0; index < 100; index++)
    await broker.admissions?.admit('r', producer(index), { epoch: 'e', offset: index });
  const known: boolean[] = [];
  for (let index = 0; index < 100; index++)
    known.push((await broker.admissions?.admitted('r', producer(index), null)) !== null);
  const kept = known.filter(Boolean).length;
  expect(kept).toBeGreaterThan(40);
  expect(kept * 1_200).toBeLessThan(62_500);
  expect(known.lastIndexOf(false)).toBe(100 - kept - 1);
});
