// What a connection may make the server hold before it has said who it is.
import { describe, expect, test } from 'vitest';
import { json, type Codec } from '../../../src/protocol/codec.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { memorySizeOf } from '../../../src/server/util/memory-size.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const heapBytes = 2 ** 25;
const join = (room: string, presence: Readonly<Record<string, unknown>> | null = null) =>
  ({ type: 'join', room, position: null, history: 0, presence }) as const;
const send = (data: unknown): ClientFrame => ({
  type: 'send',
  room: 'lobby',
  seq: 1,
  id: 'x',
  message: 'm',
  version: 1,
  data,
  follows: null,
  replayed: null,
});

/** A server whose app says who is there once it is told to. */
function setup(): RawWorld & { answer(): Promise<void> } {
  let answers: (() => void)[] = [];
  const world = rawWorld(
    {
      rooms: [serve('*', { presence: true })],
      authenticate: ({ token }) =>
        new Promise((resolve) => {
          answers.push(() => {
            resolve({ id: token ?? '' });
          });
        }),
    },
    { heapBytes },
  );
  return {
    ...world,
    async answer() {
      for (const resolve of answers) resolve();
      answers = [];
      await world.clock.advance(0);
    },
  };
}

async function stranger(world: RawWorld, codec: Codec = json(), name = 'ada'): Promise<RawPeer> {
  const peer = world.peer(codec);
  await peer.hello(name, `session-of-${name}`);
  return peer;
}

describe.each([json(), msgpack()])('T49 a stranger, in $name', (codec) => {
  test.each<[name: string, frame: ClientFrame, most: number]>([
    ['small maps, which cost 24 times what they take', send(Array.from({ length: 3_000 }, () => ({}))), 1],
    ['maps as large as a message may be', send(Array.from({ length: 20_000 }, () => ({}))), 0],
    ['a long text', send('x'.repeat(60_000)), 4],
    ['short texts', send(Array.from({ length: 1_000 }, () => 'x')), 6],
    ['bytes', send(new Uint8Array(40_000)), 6],
    ['presences', join('lobby', { a: Array.from({ length: 1_000 }, () => ({})) }), 3],
  ])('holds at most 256 KiB: %s', async (_name, frame, most) => {
    const world = setup();
    const peer = await stranger(world, codec);
    let taken = 0;
    for (; !peer.closed; taken++) await peer.say(frame);
    expect(peer.closed).toEqual({ code: 4429, reason: 'too much was said before hello was answered' });
    expect(taken - 1).toBe(most);
    expect(memorySizeOf(frame) * most).toBeLessThanOrEqual(262_144);
  });

  test('that joins 128 rooms behind its hello is in all of them once it is known', async () => {
    const world = setup();
    const peer = await stranger(world, codec);
    await peer.say(
      ...Array.from({ length: 128 }, (_, index) => join(`room-${index}`, { name: 'Ada', x: 1, y: 2 })),
    );
    expect(peer.closed).toBeNull();
    await world.answer();
    expect(peer.of('joined')).toHaveLength(128);
  });
});

test('T49 all strangers together hold at most a sixteenth of the heap, and what they held is free once they are known or gone', async () => {
  const frame = send('x'.repeat(60_000));
  for (const end of ['known', 'gone'] as const) {
    const world = setup();
    for (let round = 0; round < 3; round++) {
      const peers: RawPeer[] = [];
      for (let count = 0; count < 50; count++) {
        const peer = await stranger(world, json(), `user-${round}-${count}`);
        for (let said = 0; said < 4; said++) await peer.say(frame);
        peers.push(peer);
      }
      const open = peers.filter(({ closed }) => closed === null);
      expect(open.length * 4 * memorySizeOf(frame)).toBeLessThanOrEqual(heapBytes / 16);
      expect(open).toHaveLength(8);
      expect(peers.find(({ closed }) => closed)?.closed).toEqual({
        code: 1013,
        reason: 'too much waits from connections that have not said who they are',
      });
      if (end === 'known') await world.answer();
      else for (const { events } of open) events.closed(1006);
    }
  }
});

test('T49 a connection that is known may have more that waits, while strangers hold what they may', async () => {
  const world = setup();
  const known = await stranger(world, json(), 'known');
  await world.answer();
  for (let count = 0; count < 50; count++) {
    const peer = await stranger(world, json(), `user-${count}`);
    for (let said = 0; said < 4; said++) await peer.say(send('x'.repeat(60_000)));
  }
  for (let said = 0; said < 10; said++) await known.say(join(`room-${said}`), send('x'.repeat(60_000)));
  expect(known.closed).toBeNull();
  expect(known.of('joined')).toHaveLength(10);
});
