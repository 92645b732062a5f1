// Frames of a client in another language that are almost right: each is refused by name, and none is taken for another.
import { describe, expect, test } from 'vitest';
import { json, type Encoded } from '../../../src/protocol/codec.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld } from '../../support/server/raw.js';

const rooms = [serve('lobby', { presence: true }), serve('plain')];
const join = [2, 'lobby', null, 0, null];
const hello = [1, 'session', 'instance', 'ada', false, 'test'];

const malformed: readonly (readonly [string, readonly unknown[], reason: RegExp])[] = [
  ['P28 a send numbered 0', [4, 'lobby', 0, 'i', 'say', 1, 'x', null], /send: seq/],
  ['P10 a send without data', [4, 'lobby', 1, 'i', 'say', 1], /send: data/],
  ['P10 a send of an empty type', [4, 'lobby', 1, 'i', '', 1, 'x'], /send: message/],
  ['P10 a send with an empty id', [4, 'lobby', 1, '', 'say', 1, 'x'], /send: id/],
  ['P34 a send of version 0', [4, 'lobby', 1, 'i', 'say', 0, 'x'], /send: version/],
  ['P10 a broadcast without data', [5, 'lobby', 'say', 1], /broadcast: data/],
  ['P10 a broadcast of an empty type', [5, 'lobby', '', 1, 'x'], /broadcast: message/],
  ['P34 a broadcast of version 0', [5, 'lobby', 'say', 0, 'x'], /broadcast: version/],
  ['P10 a join with a presence that is no map', [2, 'plain', null, 0, 'away'], /join: presence/],
  ['P10 a join with a list for a presence', [2, 'plain', null, 0, [1]], /join: presence/],
  ['P10 a hello with an empty session', [1, '', 'instance', 'ada', false, 'test'], /out of turn|hello/],
];

describe.each([json(), msgpack()])('over $name', (codec) => {
  const bytes = (tuple: readonly unknown[]): Encoded => {
    const part = codec.encode(tuple);
    return typeof part === 'string' ? part : part.slice();
  };

  test.each(malformed)('%s is malformed', async (_name, frame, reason) => {
    const world = rawWorld({ rooms });
    const peer = world.peer(codec);
    if (frame[0] !== 1) {
      await peer.sayRaw(bytes(hello));
      await peer.sayRaw(bytes(join));
    }
    await peer.sayRaw(bytes(frame));
    expect(peer.closed).toMatchObject({ code: 4400, reason: expect.stringMatching(reason) as string });
    expect(peer.of('ack')).toEqual([]);
  });

  test('P9 P10 null is a payload, and 0 may be followed', async () => {
    const world = rawWorld({ rooms });
    const peer = world.peer(codec);
    await peer.sayRaw(bytes(hello));
    await peer.sayRaw(bytes(join));
    await peer.sayRaw(bytes([4, 'lobby', 3, 'i', 'say', 1, null, 0]));
    expect([peer.closed, peer.of('ack').length, peer.of('message').map(({ entry }) => entry[8])]).toEqual([
      null,
      1,
      [null],
    ]);
  });

  test('P3 a message without a frame is malformed', async () => {
    const world = rawWorld({ rooms });
    const peer = world.peer(codec);
    await peer.sayRaw(bytes(hello));
    await peer.sayRaw(codec.binary ? new Uint8Array() : '');
    expect(peer.closed?.code).toBe(4400);
  });

  test.each([
    [40, 'taken apart'],
    [41, 'refused'],
  ])('P8 an empty container counts as a level: %i levels are %s', (levels, expected) => {
    const whole = codec.binary
      ? new Uint8Array([...Array.from({ length: levels - 1 }, () => 0x91), 0x90])
      : '['.repeat(levels) + ']'.repeat(levels);
    const outcome = (): string => {
      try {
        codec.decode(whole);
        return 'taken apart';
      } catch {
        return 'refused';
      }
    };
    expect(outcome()).toBe(expected);
  });
});

describe('P9 the key __proto__ in MessagePack', () => {
  const utf8 = new TextEncoder();
  const codec = msgpack();
  /** The key as each form of a text says it. */
  const forms: readonly (readonly [string, readonly number[]])[] = [
    ['a fixed text', [0xa9]],
    ['a text of one byte of length', [0xd9, 9]],
    ['a text of two bytes of length', [0xda, 0, 9]],
    ['a text of four bytes of length', [0xdb, 0, 0, 0, 9]],
  ];
  const places: readonly (readonly [string, (map: readonly number[]) => number[]])[] = [
    ['at the top', (map) => [...map]],
    ['in a list', (map) => [0x91, ...map]],
    ['in a map', (map) => [0x81, 0xa1, 0x78, ...map]],
  ];

  test.each(forms.flatMap(([form, head]) => places.map(([place, put]) => [form, place, head, put] as const)))(
    'as %s, %s: the message is invalid, and the next one is taken',
    async (_form, _place, head, put) => {
      const map = put([0x81, ...head, ...utf8.encode('__proto__'), 0x81, 0xa1, 0x78, 0x01]);
      const world = rawWorld({ rooms });
      const peer = world.peer(codec);
      await peer.sayRaw(codec.encode(hello).slice());
      await peer.sayRaw(codec.encode(join).slice());
      // A text that says the same word stays what it is, in a frame of the same message.
      const word = codec.encode([4, 'lobby', 2, 'i2', 'say', 1, ['__proto__'], null]);
      const frame = [
        ...(codec.encode([4, 'lobby', 1, 'i1', 'say', 1, 0]) as Uint8Array).subarray(0, -1),
        ...map,
      ];
      await peer.sayRaw(new Uint8Array([...frame, ...(word as Uint8Array)]));
      expect(peer.closed).toBeNull();
      expect(peer.of('nack')).toMatchObject([{ seq: 1, code: 'invalid' }]);
      expect(peer.of('message').map(({ entry }) => entry[8])).toEqual([['__proto__']]);
      expect(({} as { readonly x?: unknown }).x).toBeUndefined();
    },
  );

  test('in a broadcast, a presence and the presence of a join: invalid, and the connection stays', async () => {
    const world = rawWorld({ rooms });
    const peer = world.peer(codec);
    const poisoned = [0x81, 0xa9, ...utf8.encode('__proto__'), 0x01];
    const ending = (tuple: readonly unknown[]): Uint8Array =>
      new Uint8Array([...(codec.encode(tuple) as Uint8Array).subarray(0, -1), ...poisoned]);
    await peer.sayRaw(codec.encode(hello).slice());
    await peer.sayRaw(ending([2, 'lobby', null, 0, 0]));
    await peer.sayRaw(ending([5, 'lobby', 'say', 1, 0]));
    await peer.sayRaw(ending([6, 'lobby', 0]));
    expect([peer.closed, peer.of('joined').length]).toEqual([null, 1]);
    expect(peer.of('error').map(({ code }) => code)).toEqual(['rejected', 'invalid', 'invalid']);
  });
});
