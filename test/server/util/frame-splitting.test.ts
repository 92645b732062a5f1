// Whatever a server puts in one frame from many things: no reader meets more values than its scan lets through.
import { describe, expect, test } from 'vitest';
import { json, type Codec } from '../../../src/protocol/codec.js';
import type { ServerFrame } from '../../../src/protocol/frames.js';
import { maxItems } from '../../../src/protocol/limits.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import {
  newestPortion,
  maxPortionValues,
  splitIntoPortions,
  countValues,
} from '../../../src/server/util/frame-splitting.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../../src/testing/index.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const join = { type: 'join', room: 'lobby', position: null, history: 0, presence: null } as const;
const cells = { cells: Array.from({ length: 450 }, (_, index) => index) };
const keys = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key${index}`, index]));

const heaviest = (frames: readonly ServerFrame[]): number => Math.max(...frames.map(countValues));
const offsetsOf = (frames: readonly ServerFrame[]): readonly number[] =>
  frames
    .flatMap((frame) =>
      frame.type === 'joined' ? frame.messages : frame.type === 'message' ? [frame.entry] : [],
    )
    .map(([offset]) => offset);
const comersOf = (frames: readonly ServerFrame[]): readonly string[] =>
  frames
    .flatMap((frame) =>
      frame.type === 'joined' ? (frame.members ?? []) : frame.type === 'presence' ? frame.joined : [],
    )
    .map(([id]) => id);

async function speak(world: RawWorld, count: number, data: unknown): Promise<void> {
  for (let index = 0; index < count; index++) await world.core.room('lobby').send('m', data);
}

async function hello(world: RawWorld, codec: Codec, id = 'ada'): Promise<RawPeer> {
  const peer = world.peer(codec);
  await peer.hello(id, `session-of-${id}`);
  return peer;
}

describe.each([json(), msgpack()])('$name', (codec) => {
  test('P22 300 large entries that were missed follow whole and in order, in frames of a bounded size', async () => {
    const world = rawWorld({ rooms: [serve('lobby')] });
    const before = await hello(world, codec);
    await before.say(join);
    const [joined] = before.of('joined');
    before.events.closed(1006);
    await speak(world, 300, cells);
    const back = await hello(world, codec);
    await back.say({ ...join, position: joined?.position ?? null });
    expect(back.of('joined')).toMatchObject([{ recovered: true, position: joined?.position }]);
    expect(offsetsOf(back.frames)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect(heaviest(back.frames)).toBeLessThan(maxItems);
  });

  test('P22 of large entries that are not asked for by a position, the newest come, with the position before them', async () => {
    const world = rawWorld({ rooms: [serve('lobby')] });
    await speak(world, 256, cells);
    const ada = await hello(world, codec);
    await ada.say({ ...join, history: 256 });
    const [joined] = ada.of('joined');
    const offsets = joined?.messages.map(([offset]) => offset) ?? [];
    expect(offsets.length).toBeGreaterThan(10);
    expect(offsets).toEqual(
      Array.from({ length: offsets.length }, (_, index) => 257 - offsets.length + index),
    );
    expect(joined).toMatchObject({
      recovered: false,
      more: true,
      position: [expect.anything(), 256 - offsets.length, joined?.messages[0]?.[2]],
    });
    expect([ada.of('message'), heaviest(ada.frames) < maxItems]).toEqual([[], true]);
  });

  test('P27 a page of large entries holds the newest of them, says that there are more, and leads to all', async () => {
    const world = rawWorld({ rooms: [serve('lobby')] });
    await speak(world, 255, cells);
    await speak(
      world,
      1,
      Array.from({ length: maxItems - 1 }, () => []),
    );
    const ada = await hello(world, codec);
    await ada.say(join);
    const seen: number[] = [];
    for (let more = true; more;) {
      await ada.say({
        type: 'history',
        ref: seen.length,
        room: 'lobby',
        before: seen[0] ?? null,
        limit: 256,
      });
      const page = ada.of('history').at(-1);
      seen.unshift(...(page?.messages ?? []).map(([offset]) => offset));
      more = page?.more === true && page.messages.length > 0;
    }
    expect(seen).toEqual(Array.from({ length: 256 }, (_, index) => index + 1));
    expect(ada.of('history')[0]?.messages).toHaveLength(1);
  });

  test('P25 3,000 members with large presences: the newcomer gets everybody, and whoever is there hears of all', async () => {
    const world = rawWorld({ rooms: [serve('lobby', { presence: true })] });
    const watcher = await hello(world, codec, 'watcher');
    await watcher.say(join);
    const ids = Array.from({ length: 3_000 }, (_, index) => `member${index}`);
    for (const id of ids) await world.core.settings.broker.enter('lobby', [id, { id }, keys]);
    const ada = await hello(world, codec);
    await ada.say(join);
    // The rest of a long list comes as it is read.
    await world.clock.advance(2_000);
    const own = [watcher, ada].map((peer) => peer.of('welcome')[0]?.member);
    expect(new Set(comersOf(ada.frames))).toEqual(new Set([...ids, ...own]));
    await world.clock.advance(100);
    expect(new Set(comersOf(watcher.of('presence')))).toEqual(new Set([...ids, ...own]));
    for (const id of ids) await world.core.settings.broker.update('lobby', id, keys);
    for (const id of ids.slice(0, 10)) await world.core.settings.broker.exit('lobby', id);
    watcher.frames.length = 0;
    await world.clock.advance(100);
    expect(watcher.of('presence').flatMap(({ changed }) => changed)).toHaveLength(2_990);
    expect(watcher.of('presence').flatMap(({ left }) => left)).toEqual(ids.slice(0, 10));
    for (const peer of [watcher, ada]) expect(heaviest(peer.frames)).toBeLessThan(maxItems);
  });
});

test('P22 a client that missed 300 large entries is connected again, and has them all', async () => {
  const world = createTestRealtime({ rooms: [serve('lobby')], clock: 'virtual' });
  const { client, network } = world.user({ id: 'bob' });
  const got: unknown[] = [];
  client.room('lobby').on('m', ({ offset }) => {
    got.push(offset);
  });
  await world.advance(1_000);
  network.cut();
  await world.advance(100);
  for (let index = 0; index < 300; index++) await world.server.room('lobby').send('m', cells);
  network.restore();
  await world.advance(120_000);
  expect([client.store.getState().connection.status, got]).toEqual([
    'connected',
    Array.from({ length: 300 }, (_, index) => index + 1),
  ]);
  await world.close();
});

describe('cutting', () => {
  const halves = Array.from({ length: maxPortionValues / 2 - 1 }, () => 0);

  test('counts what the scan counts: values with their containers, and no keys', () => {
    expect(
      [1, null, 'text', new Uint8Array(9), [], {}, [1, [2]], { a: { b: [1, 2] }, c: 3 }].map(countValues),
    ).toEqual([1, 1, 1, 1, 1, 1, 4, 6]);
  });

  test('puts as much in each portion as fits, in order, and what is larger than one alone', () => {
    const huge = Array.from({ length: maxPortionValues * 2 }, () => 0);
    const items = [halves, halves, halves, huge, 1, 2];
    expect(splitIntoPortions(items)).toEqual([[halves, halves], [halves], [huge], [1, 2]]);
    expect(splitIntoPortions([])).toEqual([]);
  });

  test('keeps the newest that fit, and one in any case', () => {
    expect(newestPortion([1, 2, halves, halves])).toEqual([halves, halves]);
    expect(newestPortion([1, 2, halves])).toEqual([1, 2, halves]);
    expect(newestPortion([1, Array.from({ length: maxPortionValues * 2 }, () => 0)])).toHaveLength(1);
    expect(newestPortion([])).toEqual([]);
  });
});
