// MessagePack says in one byte what JSON says in three: a message of it must not cost its reader more than one of JSON does.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { serve } from '../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../src/testing/index.js';
import { defaultLimits, maxItems } from '../../src/protocol/limits.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { Malformed } from '../../src/protocol/parse.js';
import { checkPayload } from '../../src/protocol/payload.js';
import { json } from '../../src/protocol/codec.js';
import { rawWorld } from '../support/server/raw.js';
import { seed, sized } from '../support/sizes.js';

const { frame: limit } = defaultLimits;
const codec = msgpack();
const repeated = (count: number, ...bytes: readonly number[]): number[] =>
  Array.from({ length: count }, () => bytes).flat();
const arrayOf = (count: number, ...bytes: readonly number[]): number[] => [
  0xdc,
  count >> 8,
  count & 255,
  ...repeated(count, ...bytes),
];
const mapOf = (count: number, ...bytes: readonly number[]): number[] => [
  0xde,
  count >> 8,
  count & 255,
  ...repeated(count, ...bytes),
];

/** Messages of at most 64 KiB that make as many objects as they can. */
const dense: Readonly<Record<string, readonly number[]>> = {
  'one array of 65,000 empty maps': arrayOf(65_000, 0x80),
  'one array of 65,000 empty arrays': arrayOf(65_000, 0x90),
  'one array of 65,000 empty texts': arrayOf(65_000, 0xa0),
  'one array of 32,000 empty bytes': arrayOf(32_000, 0xc4, 0),
  'one array of 32,000 arrays of one number': arrayOf(32_000, 0x91, 1),
  'one array of 16,000 arrays in arrays': arrayOf(16_000, 0x91, 0x91, 0x91, 1),
  'one array of 21,000 maps of one key': arrayOf(21_000, 0x81, 0xa0, 1),
  'one map of 32,000 keys without a text': [0x91, ...mapOf(32_000, 0xa0, 0x80)],
  '65,000 frames that are empty maps': repeated(65_000, 0x80),
  '65,000 frames that are empty arrays': repeated(65_000, 0x90),
  '65,000 frames that are numbers': repeated(65_000, 1),
  '32,000 frames of an opcode that means nothing': repeated(32_000, 0x91, 99),
  '21,000 frames that are maps': repeated(21_000, 0x81, 0xa0, 1),
  'three frames of 21,000 empty maps': repeated(3, ...arrayOf(21_000, 0x80)),
};

const refused = (message: readonly number[], most?: number): boolean => {
  try {
    codec.decode(Uint8Array.from(message), most);
    return false;
  } catch (error) {
    if (error instanceof Malformed) return true;
    throw error;
  }
};

describe.each(Object.entries(dense))('P8 %s', (_, message) => {
  test('is refused before a decoder sees it, where JSON could not say as much in one message', () => {
    expect(message.length).toBeLessThanOrEqual(limit);
    expect(refused(message, limit)).toBe(true);
  });

  test('closes the connection at the server', async () => {
    const { peer } = rawWorld({ rooms: [serve('lobby')], codecs: [msgpack()] });
    const ada = peer(codec);
    await ada.hello();
    ada.events.message(Uint8Array.from(message));
    expect(ada.closed?.code).toBe(4400);
  });
});

test.each([
  'one array of 65,000 empty maps',
  'one array of 65,000 empty arrays',
  '65,000 frames that are empty maps',
])('P8 %s: refused by a client too, whatever its server takes', (name) => {
  expect(refused(dense[name] ?? [])).toBe(true);
});

const anything = fc.letrec<{ payload: unknown }>((tie) => ({
  payload: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, false, 0, 1, -1, '', 'a', 0.5),
    fc.array(tie('payload'), { maxLength: 8 }),
    fc.dictionary(
      fc.string({ maxLength: 2 }).filter((it) => it !== '__proto__'),
      tie('payload'),
      {
        maxKeys: 5,
        noNullPrototype: true,
      },
    ),
    fc.constant(0).map(() => new Uint8Array(0)),
  ),
})).payload;

test('P8 what JSON says in so many bytes, MessagePack may say too; and what a client takes for small enough, a server does', () => {
  const wide = fc.tuple(anything, fc.integer({ min: 1, max: 400 }));
  fc.assert(
    fc.property(wide, ([value, count]) => {
      const payload = Array.from({ length: count }, () => value);
      const tuple = [4, 'a', 1, 'id', 'type', 1, payload];
      const message = codec.encode(tuple).slice();
      expect(refused(Array.from(message as Uint8Array), json().size(json().encode(tuple)))).toBe(false);
      expect(refused(Array.from(message as Uint8Array), checkPayload(payload))).toBe(false);
    }),
    { seed, numRuns: sized(300, 3_000) },
  );
});

test.each([
  ['empty arrays', () => []],
  ['empty maps', () => ({})],
  ['empty texts', () => ''],
  ['numbers', () => 1],
])('P9 a payload of as many %s as may be sent passes where the limit of a message allows it', (_, value) => {
  const payload = Array.from({ length: maxItems - 1 }, value);
  const message = codec.encode([4, 'a', 1, 'id', 'type', 1, payload]) as Uint8Array;
  expect(refused(Array.from(message), checkPayload(payload))).toBe(false);
});

test('a client that sends many small values at once is served: what it writes in one message is no more than the server takes', async () => {
  const world = createTestRealtime({
    rooms: [serve('lobby')],
    clock: 'virtual',
    server: { codecs: [msgpack(), json()], logger: { info() {}, warn() {}, error() {} } },
  });
  const { client, network } = world.user({ id: 'ada' }, { codecs: [msgpack()] });
  const room = client.room('lobby');
  await world.advance(1_000);
  const opened = network.opened;
  const sent = Array.from({ length: 40 }, () =>
    room.send(
      'm',
      Array.from({ length: 1_500 }, () => []),
    ),
  );
  const large = room.send(
    'm',
    Array.from({ length: 30_000 }, () => []),
  );
  large.catch(() => undefined);
  await world.advance(5_000);
  expect((await Promise.all(sent)).map(({ offset }) => offset)).toEqual(sent.map((_, index) => index + 1));
  await expect(large).rejects.toMatchObject({ code: 'too-large' });
  expect(network.opened).toBe(opened);
  await world.close();
});
