// What members show is bounded by what it costs in memory, and members that are only shown count as connections of their user.
import { expect, test } from 'vitest';
import { serve } from '../../../src/server/rooms/serve.js';
import { memorySizeOf } from '../../../src/server/util/memory-size.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const heapBytes = 2 ** 26;
const ofUser = heapBytes / 64;
const ofNode = heapBytes / 8;
/** 4 KiB on the wire, and 24 times that in memory. */
const heavy = { a: Array.from({ length: 1_355 }, () => ({})) };
const join = (room: string, presence: Readonly<Record<string, unknown>> | null = heavy) =>
  ({ type: 'join', room, position: null, history: 0, presence }) as const;

const world = (options: Partial<Parameters<typeof rawWorld>[0]> = {}): RawWorld =>
  rawWorld({ rooms: [serve('*', { presence: true })], ...options }, { heapBytes });

async function connected(its: RawWorld, user: string, session = user): Promise<RawPeer> {
  const peer = its.peer();
  await peer.hello(user, session.padEnd(16, '-'));
  return peer;
}

/** What everybody in these rooms shows, in bytes of memory. */
async function shownIn(its: RawWorld, rooms: readonly string[]): Promise<number> {
  let weight = 0;
  for (const room of rooms)
    for (const { presence } of await its.core.room(room).members()) weight += memorySizeOf(presence);
  return weight;
}

test('T50 one user shows at most a 64th of the heap, on however many connections, and is in every room all the same', async () => {
  const its = world();
  const rooms: string[] = [];
  const peers: RawPeer[] = [];
  for (let number = 0; number < 6; number++) {
    const peer = await connected(its, 'mallory', `session-${number}`);
    peers.push(peer);
    for (let index = 0; index < 10; index++) {
      rooms.push(`room-${number}-${index}`);
      await peer.say(join(`room-${number}-${index}`));
    }
  }
  expect(peers.flatMap((peer) => peer.of('joined'))).toHaveLength(60);
  const refused = peers.flatMap((peer) => peer.of('error'));
  expect(refused.length).toBeGreaterThan(40);
  expect(refused[0]).toMatchObject({ code: 'rejected', reason: 'too much is shown in all rooms together' });
  expect(await shownIn(its, rooms)).toBeLessThanOrEqual(ofUser);
  expect(await shownIn(its, rooms)).toBeGreaterThan(ofUser / 2);

  // Another shows what it likes meanwhile.
  const bob = await connected(its, 'bob');
  await bob.say(join('room-0-0'));
  expect(bob.of('error')).toEqual([]);

  // By patches it shows no more than by joins.
  await peers[5]?.say({ type: 'presence', room: 'room-5-9', patch: { b: heavy.a.slice(0, 1_000) } });
  expect(peers[5]?.of('error').at(-1)).toMatchObject({ ref: 'room-5-9', code: 'too-large' });
  expect(await shownIn(its, rooms.slice(1))).toBeLessThanOrEqual(ofUser);

  // What is shown no more makes room.
  await peers[0]?.say(join('room-0-0', null), { type: 'leave', room: 'room-0-1' });
  await peers[5]?.say(join('room-5-9'));
  expect((await its.core.room('room-5-9').members())[0]?.presence).toEqual(heavy);
});

test('T50 what members on grace show counts, and no longer than they are shown', async () => {
  const its = world({ presenceGrace: 10_000 });
  const rooms = Array.from({ length: 10 }, (_, index) => `room-${index}`);
  const first = await connected(its, 'mallory', 'first');
  for (const room of rooms) await first.say(join(room));
  const before = await shownIn(its, rooms);
  expect(before).toBeGreaterThan(ofUser / 2);
  first.events.closed(1006);
  const second = await connected(its, 'mallory', 'second');
  for (const room of rooms) await second.say(join(room));
  expect(second.of('error')).toHaveLength(10);
  expect(await shownIn(its, rooms)).toBe(before);
  await its.clock.advance(11_000);
  for (const room of rooms) await second.say(join(room));
  expect(await shownIn(its, rooms)).toBe(before);
});

test('T50 all members of a node show at most an eighth of the heap', async () => {
  const its = world({ authenticate: undefined });
  const rooms: string[] = [];
  for (let user = 0; user < 30; user++) {
    const peer = await connected(its, `user-${user}`);
    for (let index = 0; index < 5; index++) {
      rooms.push(`room-${user}-${index}`);
      await peer.say(join(`room-${user}-${index}`));
    }
  }
  const shown = await shownIn(its, rooms);
  expect(shown).toBeLessThanOrEqual(ofNode);
  expect(shown).toBeGreaterThan(ofNode / 2);
});

test('T51 members that are only shown count as connections of their user: those that are gone for longest leave first', async () => {
  const its = world({ connections: { perUser: 3 }, presenceGrace: 10_000 });
  const shown = async (): Promise<number> => (await its.core.room('lobby').members()).length;
  const peers: RawPeer[] = [];
  for (let round = 0; round < 20; round++) {
    const peer = await connected(its, 'mallory', `session-${round}`);
    expect(peer.closed).toBeNull();
    await peer.say(join('lobby', { round }));
    peers.push(peer);
    peer.events.closed(1006);
    expect(await shown()).toBeLessThanOrEqual(3);
  }
  const rounds = (await its.core.room('lobby').members()).map(({ presence }) => presence);
  expect(rounds).toEqual([{ round: 17 }, { round: 18 }, { round: 19 }]);

  // One that comes back takes its own place, and no other's.
  const back = await connected(its, 'mallory', 'session-18');
  await back.say(join('lobby', { round: 'again' }));
  expect(await shown()).toBe(3);
  const another = await connected(its, 'mallory', 'another');
  await another.say(join('lobby', { round: 'another' }));
  expect((await its.core.room('lobby').members()).map(({ presence }) => presence)).toEqual([
    { round: 'again' },
    { round: 19 },
    { round: 'another' },
  ]);

  // Connections that are there are no ghosts: the fourth is refused.
  const third = await connected(its, 'mallory', 'third');
  expect(third.closed).toBeNull();
  const fourth = await connected(its, 'mallory', 'fourth');
  expect(fourth.closed?.code).toBe(4429);
});

test('T51 a member whose grace is over leaves its place to others', async () => {
  const its = world({ connections: { perUser: 2 }, presenceGrace: 1_000 });
  for (const session of ['one', 'two']) {
    const peer = await connected(its, 'ada', session);
    await peer.say(join('lobby', { session }));
    peer.events.closed(1006);
  }
  expect(await its.core.room('lobby').members()).toHaveLength(2);
  await its.clock.advance(2_000);
  expect(await its.core.room('lobby').members()).toHaveLength(0);
  const peer = await connected(its, 'ada', 'three');
  await peer.say(join('lobby', { session: 'three' }));
  expect(await its.core.room('lobby').members()).toHaveLength(1);
});
