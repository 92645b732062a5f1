// P4 bounds what a server sends in one message by its bytes on the wire, whatever the codec makes of the characters.
import { describe, expect, test } from 'vitest';
import { json, type Codec, type Encoded } from '../../../src/protocol/codec.js';
import type { ServerFrame } from '../../../src/protocol/frames.js';
import { byteLength } from '../../../src/protocol/bytes.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { measureItem } from '../../../src/server/util/frame-splitting.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { wireSizeOf } from '../../../src/server/util/wire-size.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const most = 2 ** 20;
const size = 60_000;
const join = { type: 'join', room: 'lobby', position: null, history: 0, presence: null } as const;

/** Each takes about `size` bytes of a client's message, in the codec that says it in fewer. */
const kinds: readonly (readonly [name: string, data: unknown])[] = [
  ['letters', 'x'.repeat(size)],
  ['control characters', '\u0002'.repeat(size)],
  ['quotes', '"'.repeat(size)],
  ['backslashes', '\\'.repeat(size)],
  ['letters of two bytes', 'é'.repeat(size / 2)],
  ['Chinese characters', '語'.repeat(size / 3)],
  ['characters of two units', '😀'.repeat(size / 4)],
  ['halves of characters', '\ud83d'.repeat(size / 3)],
  ['bytes', new Uint8Array(size).fill(7)],
  ['numbers that are not whole', Array.from({ length: 12_000 }, (_, index) => index + 0.5)],
  [
    'large keys',
    Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`\u0002`.repeat(5_000) + at, null])),
  ],
  ['values that are neither true nor null', Array.from({ length: 20_000 }, () => false)],
];

const codecs: readonly Codec[] = [json(), msgpack()];
const largest = (messages: readonly Encoded[]): number => Math.max(...messages.map(byteLength));
const offsetsOf = (frames: readonly ServerFrame[]): readonly number[] =>
  frames
    .flatMap((frame) =>
      frame.type === 'joined' || frame.type === 'history'
        ? frame.messages
        : frame.type === 'message'
          ? [frame.entry]
          : [],
    )
    .map(([offset]) => offset);
const through = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

async function speak(world: RawWorld, room: string, count: number, data: unknown): Promise<void> {
  for (let index = 0; index < count; index++) await world.core.room(room).send('m', data);
}

async function hello(world: RawWorld, codec: Codec, id = 'ada'): Promise<RawPeer> {
  const peer = world.peer(codec);
  await peer.hello(id, `session-of-${id}`);
  return peer;
}

/** From here on the peer is behind a line that takes so many bytes a second. */
function slowLine(peer: RawPeer, world: RawWorld, bytesASecond: number): void {
  const from = world.clock.now();
  let at = from;
  let waits = 0;
  let counted = peer.messages.length;
  Object.defineProperty(peer, 'buffered', {
    get() {
      waits = Math.max(0, waits - ((world.clock.now() - at) / 1_000) * bytesASecond);
      at = world.clock.now();
      for (; counted < peer.messages.length; counted++)
        waits += byteLength(peer.messages[counted] as Encoded);
      return waits;
    },
  });
}

describe.each(codecs.map((codec) => [codec.name, codec] as const))(
  'T45 P4 for a reader of %s',
  (_, codec) => {
    test.each(kinds)(
      'no message is larger than 1 MiB, and all come, where 20 hold %s',
      async (_name, data) => {
        const world = rawWorld({ rooms: [serve('lobby')] });
        const back = await hello(world, codec, 'back');
        await back.say(join);
        back.events.closed(1006);
        await speak(world, 'lobby', 20, data);

        const newcomer = await hello(world, codec, 'newcomer');
        await newcomer.say({ ...join, history: 256 });
        expect(offsetsOf(newcomer.frames).at(-1)).toBe(20);
        for (let oldest = offsetsOf(newcomer.frames)[0] as number; oldest > 1;) {
          newcomer.frames.length = 0;
          await newcomer.say({ type: 'history', ref: 1, room: 'lobby', before: oldest, limit: 256 });
          oldest = offsetsOf(newcomer.frames)[0] as number;
        }

        const returned = await hello(world, codec, 'back');
        await returned.say({ ...join, position: back.of('joined')[0]?.position ?? null });
        await world.clock.advance(5_000);
        expect(returned.of('joined')).toMatchObject([{ recovered: true }]);
        expect(offsetsOf(returned.frames)).toEqual(through(20));
        for (const peer of [newcomer, returned]) expect(largest(peer.messages)).toBeLessThanOrEqual(most);
      },
    );

    test('no message is larger than 1 MiB where members show much beside what was said', async () => {
      const world = rawWorld({ rooms: [serve('lobby', { presence: true })] });
      await speak(world, 'lobby', 20, '\u0002'.repeat(size));
      const ids = Array.from({ length: 400 }, (_id, index) => `member${index}`);
      const watcher = await hello(world, codec, 'watcher');
      await watcher.say(join);
      for (const id of ids)
        await world.core.settings.broker.enter('lobby', [id, { id }, { said: '語'.repeat(1_300) }]);
      const newcomer = await hello(world, codec, 'newcomer');
      await newcomer.say({ ...join, history: 256 });
      await world.clock.advance(5_000);
      for (const peer of [watcher, newcomer]) {
        const told = peer.frames.flatMap((frame) =>
          frame.type === 'joined' ? (frame.members ?? []) : frame.type === 'presence' ? frame.joined : [],
        );
        expect(new Set(told.map(([id]) => id)).size).toBe(402);
        expect(largest(peer.messages)).toBeLessThanOrEqual(most);
      }
    });

    test('a line of 400 KB/s that reads what eight rooms hold is not closed, nor is one that asks for it page by page', async () => {
      const rooms = Array.from({ length: 8 }, (_room, index) => `room${index}`);
      const world = rawWorld({ rooms: [serve('*')] });
      for (const room of rooms) await speak(world, room, 17, '\u0002'.repeat(size));
      const peer = await hello(world, codec);
      slowLine(peer, world, 400_000);
      await peer.say(...rooms.map((room) => ({ ...join, room, history: 256 })));
      for (let second = 0; second < 60; second++) {
        await peer.say({ type: 'pong', time: 0 });
        await world.clock.advance(1_000);
      }
      expect(peer.closed).toBeNull();
      expect(peer.of('joined').map(({ room }) => room)).toEqual(rooms);
      await peer.say(
        ...through(20).map(
          (ref) => ({ type: 'history', ref, room: 'room0', before: null, limit: 256 }) as const,
        ),
      );
      for (let second = 0; second < 120; second++) {
        await peer.say({ type: 'pong', time: 0 });
        await world.clock.advance(1_000);
      }
      expect(peer.closed).toBeNull();
      expect(peer.of('history').map(({ ref }) => ref)).toEqual(through(20));
    });
  },
);

describe('what data takes on the wire', () => {
  const others: typeof kinds = [
    ['a text that begins as bytes do', '\u0001abc'],
    ['numbers', [0, -1, 127, 128, 65_536, 2 ** 40, -(2 ** 53), 1e21, 1e-7, 0.1, -1.2345678901234567e-100]],
    ['what is empty', [[], {}, '', new Uint8Array(), null, true, [[[]]], { a: {} }]],
  ];
  test.each([...kinds, ...others])(
    'is counted as no less than either codec takes, and little more: %s',
    (_name, data) => {
      const takes = Math.max(...codecs.map((codec) => byteLength(codec.encode([data]))));
      expect(wireSizeOf([data])).toBeGreaterThanOrEqual(takes);
      expect(wireSizeOf([data])).toBeLessThan(takes * 3 + 10);
    },
  );

  test('is counted once for each thing, however many readers there are', () => {
    const entry = [1, 'tag', 'before', 'id', 0, null, 'm', 1, ['x'.repeat(100)]];
    const first = measureItem(entry);
    entry.push('it is not looked at again');
    expect(measureItem(entry)).toBe(first);
  });
});
