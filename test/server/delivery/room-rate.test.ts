// T42: a room's rate is spent by what is said in it, and shared by those who speak there.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../../src/contract/define-room.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import { createRoomRates, RoomRate } from '../../../src/server/delivery/room-rate.js';
import { serve, type ServeOptions } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const room = 'lobby';
const join = { type: 'join', room, position: null, history: 0, presence: null } as const;
const leave = { type: 'leave', room } as const;
const broadcast = { type: 'broadcast', room, message: 'm', version: 1, data: { n: 1 } } as const;
const presence = (n: number): ClientFrame => ({ type: 'presence', room, patch: { n } });
const send = (seq: number, message = 'm'): ClientFrame => ({
  type: 'send',
  room,
  seq,
  id: `x${seq}`,
  message,
  version: 1,
  data: { n: seq },
  follows: null,
});
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

interface Setup extends RawWorld {
  /** A member of the room that joined some seconds ago. */
  member(user: string | null, session?: string): Promise<RawPeer>;
}

function setup(options: ServeOptions = {}): Setup {
  const shape = z.object({ n: z.number() });
  const lobby = defineRoom(room, { messages: { m: shape, other: shape }, presence: shape.partial() });
  const world = rawWorld({
    rooms: [serve(lobby, { rate: 5, ...options } as ServeOptions<typeof lobby>)],
    authenticate: ({ token }) => (token === null || token === '' ? null : { id: token }),
    connections: { perUser: 1_000 },
  });
  return {
    ...world,
    async member(user, session = `session of ${user}`) {
      const peer = world.peer();
      await peer.hello(user, session);
      await peer.say(join);
      await world.clock.advance(5_000);
      return peer;
    },
  };
}

describe('T42 a room of five messages a second', () => {
  test.each<readonly [string, readonly ClientFrame[]]>([
    ['leaves and joins again', [leave, join]],
    ['joins again', [join]],
    ['leaves and joins many times', [leave, join, leave, join, leave, join]],
  ])('takes no more of a user who %s in the same message', async (_name, before) => {
    const world = setup();
    const [bob, mallory] = [await world.member('bob'), await world.member('mallory')];
    for (let time = 0; time < 10; time++) await mallory.say(...before, ...many(300, () => broadcast));
    expect(bob.of('broadcast').length).toBeLessThanOrEqual(10);
    expect(bob.of('broadcast').length).toBeGreaterThan(0);
  });

  test('takes no more of a user with several connections, one after the other or at once', async () => {
    const world = setup();
    const bob = await world.member('bob');
    for (let time = 0; time < 10; time++) {
      const mallory = world.peer();
      await mallory.hello('mallory', `session ${time}`);
      await mallory.say(join, ...many(100, () => broadcast));
      if (time % 2) mallory.events.closed(1000);
    }
    expect(bob.of('broadcast').length).toBeLessThanOrEqual(10);
  });

  test('takes no more where everybody has left meanwhile', async () => {
    const world = setup();
    const mallory = await world.member('mallory');
    let sent = 0;
    for (let time = 0; time < 10; time++) {
      await mallory.say(...many(20, (index) => send(sent + index + 1)));
      sent = mallory.of('ack').flatMap(({ receipts }) => receipts).length;
      await mallory.say(leave, join);
    }
    expect(sent).toBeLessThanOrEqual(10);
  });

  test.each<readonly [string, (index: number) => ClientFrame, ServeOptions]>([
    ['broadcasts without the right to', () => broadcast, {}],
    ['sends without the right to', (index) => send(index + 1), {}],
    ['changes its presence without the right to', presence, {}],
    ['broadcasts what does not fit', () => ({ ...broadcast, data: 'x' }), { authorize: () => true }],
    ['broadcasts what is of no type', () => ({ ...broadcast, message: 'none' }), { authorize: () => true }],
  ])('is not slowed for others by a user who %s', async (_name, frame, options) => {
    const world = setup({
      authorize: ({ action, user }) => action === 'join' || user?.id === 'alice',
      ...options,
    });
    const [alice, mallory] = [await world.member('alice'), await world.member('mallory')];
    for (let seq = 1; seq <= 10; seq++) {
      await mallory.say(...many(30, (index) => frame(30 * seq + index)));
      await alice.say(send(seq));
      await world.clock.advance(200);
    }
    expect(alice.of('nack')).toEqual([]);
    expect(alice.of('ack').flatMap(({ receipts }) => receipts)).toHaveLength(10);
  });

  test.each<readonly [string, (index: number) => ClientFrame]>([
    ['broadcasts', () => broadcast],
    ['changes of presence', presence],
  ])('keeps a share for a user who says little, whatever another says: %s', async (_name, frame) => {
    const world = setup();
    const [alice, mallory] = [await world.member('alice'), await world.member('mallory')];
    for (let seq = 1; seq <= 60; seq++) {
      await mallory.say(...many(20, (index) => frame(seq * 100 + index)));
      await alice.say(send(seq));
      await world.clock.advance(500);
    }
    expect(alice.of('nack')).toEqual([]);
  });

  test('keeps a share for each of those who are nobody in particular', async () => {
    const world = rawWorld({ rooms: [serve(room, { rate: 5 })], authenticate: () => ({ id: 'same' }) });
    const nobodies = rawWorld({ rooms: [serve(room, { rate: 5 })], authenticate: undefined });
    const limited: number[] = [];
    for (const { peer, clock } of [world, nobodies]) {
      const [alice, mallory] = [peer(), peer()];
      await alice.hello('', 'session of alice');
      await alice.say(join);
      await mallory.hello('', 'session of mallory');
      await mallory.say(join);
      await clock.advance(5_000);
      for (let seq = 1; seq <= 20; seq++) {
        await mallory.say(...many(20, () => broadcast));
        await alice.say(send(seq));
        await clock.advance(500);
      }
      limited.push(alice.of('nack').length);
    }
    // Two sessions of one user share, two that are nobody do not.
    expect([(limited[0] ?? 0) > 0, limited[1]]).toEqual([true, 0]);
  });

  test('gives all of it to the only one who speaks, and takes no more of all together', async () => {
    const world = setup();
    const [bob, ada] = [await world.member('bob'), await world.member('ada')];
    const alone = async (seconds: number): Promise<number> => {
      const before = bob.of('broadcast').length;
      for (let time = 0; time < seconds * 10; time++) {
        await ada.say(...many(5, () => broadcast));
        await world.clock.advance(100);
      }
      return bob.of('broadcast').length - before;
    };
    expect(await alone(20)).toBeGreaterThanOrEqual(20 * 5);
    const others = [await world.member('eve'), await world.member('mallory')];
    const before = bob.of('broadcast').length;
    for (let time = 0; time < 200; time++) {
      for (const peer of [ada, ...others]) await peer.say(...many(5, () => broadcast));
      await world.clock.advance(100);
    }
    const heard = bob.of('broadcast').length - before;
    expect(heard).toBeGreaterThanOrEqual(20 * 5 - 5);
    expect(heard).toBeLessThanOrEqual(20 * 5 + 10);
  });

  test('runs no handler for a message that comes too fast, and takes the message later', async () => {
    const ran: unknown[] = [];
    const world = setup({
      on: {
        m({ data }) {
          ran.push((data as { readonly n: number }).n);
        },
      },
    });
    const ada = await world.member('ada');
    await ada.say(...many(15, (index) => send(index + 1)));
    expect(ran).toEqual(many(10, (index) => index + 1));
    const [nack] = ada.of('nack');
    expect(nack).toMatchObject({ seq: 11, code: 'limited', after: 2_000 });
    await world.clock.advance(2_000);
    await ada.say(...many(5, (index) => send(index + 11)));
    expect(ran).toEqual(many(15, (index) => index + 1));
  });

  test('lets a crowd in at once, and refuses only a user who joins again and again', async () => {
    const world = setup();
    const crowd = many(50, () => world.peer());
    for (const [index, peer] of crowd.entries()) {
      await peer.hello(`user ${index}`, 'session');
      await peer.say(join);
    }
    expect(crowd.filter((peer) => peer.of('joined').length === 1)).toHaveLength(50);
    const mallory = await world.member('mallory');
    await mallory.say(...many(40, (index) => (index % 2 ? join : leave)));
    expect(mallory.of('joined')).toHaveLength(11);
    expect(mallory.of('error')).toHaveLength(10);
    expect(mallory.of('error')[0]).toMatchObject({ code: 'limited', after: 200 });
    // Her joins left their share to others.
    await crowd[0]?.say(broadcast);
    expect(crowd[1]?.of('broadcast')).toHaveLength(1);
  });
});

test('T42 a pace forgets the users who have not spoken for a while', () => {
  const pace = new RoomRate(10, 0);
  const say = (id: number, now: number): number =>
    pace.take({ peer: { identity: { user: { id: `user ${id}` } } } as never, member: 'm', share: null }, now);
  for (let id = 0; id < 1_000; id++) say(id, id * 100);
  expect(pace.userCount).toBeGreaterThan(90);
  // Ten a second, for two rounds of ten seconds.
  expect(pace.userCount).toBeLessThanOrEqual(200);
  expect([pace.forget(100_000), pace.forget(120_000), pace.userCount]).toEqual([false, true, 0]);
});

test('T42 what a room remembers of its users is forgotten while nobody speaks, and a pace that is in use remembers again', async () => {
  const timers: (() => void)[] = [];
  let now = 0;
  const paces = createRoomRates({
    monotonicNow: () => now,
    setTimer: (delay, call) => {
      expect(delay).toBe(20_000);
      timers.push(call);
      return () => undefined;
    },
  });
  const speaker = { peer: { identity: { user: { id: 'ada' } } }, member: 'm', share: null };
  const pace = paces.of('r', 5);
  expect(timers).toHaveLength(0);
  pace.join(speaker, now);
  // Somebody comes to a room that everybody has left.
  expect(paces.of('r', 5)).toBe(pace);
  for (const at of [20_000, 40_000, 60_000]) {
    now = at;
    timers.shift()?.();
  }
  expect([pace.userCount, timers.length]).toEqual([0, 0]);
  expect(paces.of('r', 5)).not.toBe(pace);
  pace.take(speaker, now);
  expect([paces.of('r', 5), timers.length]).toEqual([pace, 1]);
});
