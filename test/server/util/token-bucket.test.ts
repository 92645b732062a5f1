// T20: whoever speaks too fast is asked to wait, loses nothing by it, and is closed where it does not listen.
import { describe, expect, test } from 'vitest';
import { json } from '../../../src/protocol/codec.js';
import { createTokenBucket } from '../../../src/server/util/token-bucket.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../../src/testing/index.js';
import { rawWorld, type RawPeer } from '../../support/server/raw.js';

const rooms = [serve('lobby', { history: { limit: 10_000 } })];
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const join = { type: 'join', room: 'lobby', position: null, history: 0, presence: null } as const;
const send = (seq: number) =>
  ({
    type: 'send',
    room: 'lobby',
    seq,
    id: `x${seq}`,
    message: 'm',
    version: 1,
    data: seq,
    follows: null,
  }) as const;
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

test('a bucket allows a burst, then a pace', () => {
  const bucket = createTokenBucket(10, 0);
  expect(many(20, () => bucket.take(0))).toEqual(many(20, () => 0));
  expect(bucket.take(0)).toBe(100);
  expect(bucket.take(100)).toBe(0);
  expect(bucket.take(100)).toBe(100);
  expect(bucket.refusedCount).toBe(2);
  expect(bucket.take(10_000)).toBe(0);
  expect(bucket.refusedCount).toBe(0);
});

describe('T20 P31 a connection that speaks too fast', () => {
  const member = async (
    rate = 10,
  ): Promise<{ readonly ada: RawPeer; readonly world: ReturnType<typeof rawWorld> }> => {
    const world = rawWorld({ rooms, limits: { rate } });
    const ada = world.peer();
    await ada.hello();
    await ada.say(join);
    return { ada, world };
  };

  test('is told once when to go on, and nothing overtakes', async () => {
    const { ada, world } = await member();
    await ada.say(...many(25, (index) => send(index + 1)));
    const taken = ada.of('message').length;
    expect(taken).toBe(18);
    expect(ada.of('nack')).toEqual([expect.objectContaining({ seq: 19, code: 'limited' })]);
    await world.clock.advance(30_000);
    await ada.say(...many(7, (index) => send(index + 19)));
    expect(ada.of('message').map(({ entry }) => entry[8])).toEqual(many(25, (index) => index + 1));
  });

  test('is told of joins, broadcasts and history too, while leaving and pings are never too much', async () => {
    const { ada } = await member();
    await ada.say(
      ...many(18, () => ({ type: 'broadcast', room: 'lobby', message: 'm', version: 1, data: 1 }) as const),
    );
    await ada.say(
      { type: 'broadcast', room: 'lobby', message: 'm', version: 1, data: 1 },
      { ...join, room: 'other' },
      { type: 'history', ref: 7, room: 'lobby', before: null, limit: 5 },
      { type: 'leave', room: 'lobby' },
    );
    expect(ada.of('error').map(({ ref, code }) => [ref, code])).toEqual([
      ['lobby', 'limited'],
      ['other', 'limited'],
      [7, 'limited'],
    ]);
    expect(ada.of('left')).toHaveLength(1);
  });

  test('and goes on all the same is closed with 4429, and nobody else notices', async () => {
    const { ada, world } = await member();
    const bob = world.peer();
    await bob.hello('bob', 'bob');
    await ada.say(...many(1_200, () => ({ type: 'ping', time: 1 }) as const));
    expect([ada.closed?.code, bob.closed]).toEqual([4429, null]);
  });

  test('by a client of ours loses nothing and repeats nothing', async () => {
    const world = createTestRealtime({
      rooms,
      clock: 'virtual',
      server: { limits: { rate: 50 }, logger: quiet },
    });
    const { client, network } = world.user({ id: 'ada' }, { logger: quiet });
    const room = client.room('lobby');
    const sent = many(600, (index) => room.send('m', index));
    await world.advance(60_000);
    expect((await Promise.all(sent)).map(({ offset, duplicate }) => [offset, duplicate])).toEqual(
      many(600, (index) => [index + 1, false]),
    );
    expect(network.opened).toBe(1);
    await world.close();
  });
});

describe('T20 a room that is spoken in too fast', () => {
  const broadcast = (room: string) =>
    ({ type: 'broadcast', room, message: 'm', version: 1, data: 1 }) as const;
  const members = async (world: ReturnType<typeof rawWorld>, count: number): Promise<RawPeer[]> => {
    const peers = many(count, () => world.peer());
    for (const [index, peer] of peers.entries()) {
      await peer.hello(`u${index}`, `s${index}`);
      await peer.say(join, { ...join, room: 'other' });
    }
    return peers;
  };

  test('makes its members wait, whoever spoke, and no other room; nobody is closed for it', async () => {
    const world = rawWorld({ rooms: [serve('lobby', { rate: 5, presence: true }), serve('other')] });
    const [ada, bob] = (await members(world, 2)) as [RawPeer, RawPeer];
    // Who joined a moment ago has a share.
    await world.clock.advance(21_000);
    await ada.say(...many(10, (index) => send(index + 1)));
    await bob.say(
      send(1),
      broadcast('lobby'),
      { type: 'presence', room: 'lobby', patch: {} },
      broadcast('other'),
    );
    expect(bob.of('nack')).toMatchObject([{ seq: 1, code: 'limited', after: 2_000 }]);
    expect(bob.of('error').map(({ ref, code }) => [ref, code])).toEqual([
      ['lobby', 'limited'],
      ['lobby', 'limited'],
    ]);
    expect([ada.of('message').length, ada.of('broadcast').length]).toEqual([10, 1]);
    for (let round = 0; round < 20; round++) await bob.say(...many(100, () => broadcast('lobby')));
    expect([ada.closed, bob.closed]).toEqual([null, null]);
    await world.clock.advance(2_000);
    await bob.say(send(1));
    expect(ada.of('message')).toHaveLength(11);
  });

  test('is not slowed by whoever is not in it', async () => {
    const world = rawWorld({ rooms, limits: { roomRate: 5 } });
    const [ada] = (await members(world, 1)) as [RawPeer];
    const stranger = world.peer();
    await stranger.hello('eve', 'eve');
    await stranger.say(...many(100, (index) => send(index + 1)), ...many(100, () => broadcast('lobby')));
    await ada.say(...many(8, (index) => send(index + 1)));
    expect(ada.of('nack')).toEqual([]);
  });

  test.each([0, NaN, -1])('a rate of %d is refused', (rate) => {
    expect(() => serve('lobby', { rate })).toThrow(TypeError);
    expect(() => rawWorld({ rooms, limits: { roomRate: rate } })).toThrow(TypeError);
  });
});

test("T15 frames of the transport's own count, and too many of them close with 4429", async () => {
  const world = rawWorld({ rooms, limits: { rate: 10 } });
  const ada = world.peer();
  await ada.hello();
  for (let count = 0; count < 2_000 && !ada.closed; count++) ada.events.control(1);
  expect(ada.closed?.code).toBe(4429);
  ada.events.control(1);
});

test.each([
  ['frames that nobody knows', json(), '[99,1]'],
  ['many in one message', json(), Array.from({ length: 40 }, () => '[99]').join('\n')],
] as const)('T15 T20 %s count too', async (_, codec, message) => {
  const world = rawWorld({ rooms, limits: { rate: 10 } });
  const ada = world.peer(codec);
  await ada.hello();
  for (let count = 0; count < 2_000 && !ada.closed; count++) await ada.sayRaw(message);
  expect(ada.closed?.code).toBe(4429);
});

test('T20 limits that the protocol states are no options', () => {
  expect(() => rawWorld({ rooms, limits: { depth: 64 } as never })).toThrow(/limits.depth must be 32/);
});
