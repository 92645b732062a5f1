// Who is in a room is told a piece after the other, as the reader takes them, and encoded once for all who ask.
import { describe, expect, test } from 'vitest';
import { byteLength } from '../../../src/protocol/bytes.js';
import { json, type Codec, type Encoded } from '../../../src/protocol/codec.js';
import type { MemberTuple } from '../../../src/protocol/frames.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { BrokerUnavailable, type Broker, type RoomEvent } from '../../../src/server/broker/broker.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { seededRandom } from '../../../src/testing/random.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';
import { seed } from '../../support/sizes.js';

const join = (presence: Readonly<Record<string, unknown>> | null = null) =>
  ({ type: 'join', room: 'lobby', position: null, history: 0, presence }) as const;

async function connected(world: RawWorld, name: string, codec: Codec = json()): Promise<RawPeer> {
  const peer = world.peer(codec);
  await peer.hello(name, `session-of-${name}`);
  return peer;
}

/** From here on the peer is behind a line that takes so many bytes a second. */
function slowLine(peer: RawPeer, world: RawWorld, bytesASecond: number): void {
  let at = world.clock.now();
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

/** Who is in the room, as a client has it by what it was told. */
function seenBy(peer: RawPeer): ReadonlyMap<string, MemberTuple> {
  let members = new Map<string, MemberTuple>();
  for (const frame of peer.frames) {
    if (frame.type === 'joined') members = new Map((frame.members ?? []).map((it) => [it[0], it]));
    if (frame.type !== 'presence') continue;
    for (const it of frame.joined) members.set(it[0], it);
    for (const id of frame.left) members.delete(id);
    for (const [id, patch] of frame.changed) {
      const before = members.get(id);
      if (before) members.set(id, [id, before[1], { ...(before[2] as object | null), ...(patch as object) }]);
    }
  }
  return members;
}
const listed = (members: Iterable<MemberTuple>): readonly MemberTuple[] =>
  [...members].toSorted(([one], [two]) => (one < two ? -1 : 1));
const told = (peer: RawPeer): number =>
  peer.frames.reduce(
    (sum, frame) =>
      sum +
      (frame.type === 'joined'
        ? (frame.members?.length ?? 0)
        : frame.type === 'presence'
          ? frame.joined.length + frame.changed.length
          : 0),
    0,
  );

const world = (broker: Broker): RawWorld =>
  rawWorld({
    rooms: [serve('lobby', { presence: true })],
    broker,
    heartbeat: { interval: 1e9, timeout: 1e9 },
  });

async function fill(broker: Broker, count: number, presence: unknown): Promise<void> {
  for (let index = 0; index < count; index++)
    await broker.enter('lobby', [`m${index}`, { id: `user-${index}` }, presence]);
}

describe.each([json(), msgpack()])('T52 P25 a list of members in $name', (codec) => {
  test('of 6 MB reaches a reader of 20 Mbit/s whole, and closes nobody; so it does where members come, change and leave meanwhile', async () => {
    const broker = memoryBroker();
    const its = world(broker);
    await fill(broker, 1_500, { a: 'x'.repeat(4_080) });
    const reader = await connected(its, 'reader', codec);
    slowLine(reader, its, 2_500_000);
    await reader.say(join({ own: true }));
    const random = seededRandom(seed);
    let next = 1_500;
    for (let round = 0; round < 80; round++) {
      for (let count = 0; count < 10; count++) {
        const id = `m${Math.floor(random() * next)}`;
        const kind = random();
        if (kind < 0.2) await broker.enter('lobby', [`m${next++}`, null, { round }]);
        else if (kind < 0.6) await broker.update('lobby', id, { round });
        else if (kind < 0.9) await broker.exit('lobby', id);
        else await broker.enter('lobby', [id, null, { again: round }]);
      }
      await its.clock.advance(50);
    }
    await its.clock.advance(10_000);
    expect(reader.closed).toBeNull();
    expect(listed(seenBy(reader).values())).toEqual(listed(await broker.members('lobby')));
    // Once in the list, and once for what happened.
    expect(told(reader)).toBeLessThan(1_500 + 80 * 10 * 3);
  });

  test('of which nearly all leave while it is told misses nobody who stays', async () => {
    const broker = memoryBroker();
    const its = world(broker);
    await fill(broker, 3_000, { a: 'x'.repeat(1_000) });
    const readers: RawPeer[] = [];
    for (const speed of [100_000, 500_000, 2_500_000, 1e9]) {
      const reader = await connected(its, `reader-${speed}`, codec);
      slowLine(reader, its, speed);
      readers.push(reader);
      await reader.say(join());
    }
    const random = seededRandom(seed);
    for (let index = 0; index < 3_000; index++) {
      if (random() < 0.98) await broker.exit('lobby', `m${index}`);
      if (index % 30 === 0) await its.clock.advance(50);
    }
    await its.clock.advance(40_000);
    const all = listed(await broker.members('lobby'));
    for (const reader of readers) expect(listed(seenBy(reader).values())).toEqual(all);
  });

  test('is encoded once for fifty who join a room of 10,000, but for its first piece, and the broker is asked once', async () => {
    const memory = memoryBroker();
    let asked = 0;
    let encoded = 0;
    const broker: Broker = {
      ...memory,
      members(room) {
        asked++;
        return memory.members(room);
      },
    };
    const counting: Codec = {
      ...codec,
      encode(tuple) {
        const part = codec.encode(tuple);
        encoded += byteLength(part);
        return part;
      },
    };
    const its = world(broker);
    await fill(memory, 10_000, { a: 'x'.repeat(50) });
    const cost: number[] = [];
    for (let number = 0; number < 50; number++) {
      const peer = await connected(its, `reader-${number}`, counting);
      const before = encoded;
      await peer.say(join());
      await its.clock.advance(2_000);
      cost.push(encoded - before);
      expect(seenBy(peer).size).toBe(10_001 + number);
    }
    const [first = 0, ...others] = cost;
    expect(first).toBeGreaterThan(700_000);
    // The piece in `joined`, the last piece, in which somebody came, and what those who are there hear of it.
    expect(Math.max(...others)).toBeLessThan(3 * 65_536);
    expect(asked).toBe(1);
  });
});

test('T52 P35 a reader that fell behind is told of members that came, changed and left meanwhile, and of no others', async () => {
  const broker = memoryBroker();
  const its = rawWorld({ rooms: [serve('lobby', { presence: true })], broker, buffer: 100_000 });
  await fill(broker, 500, { a: 'x'.repeat(500) });
  const slow = await connected(its, 'slow');
  await slow.say(join());
  await its.clock.advance(2_000);
  expect(seenBy(slow).size).toBe(501);
  slow.buffered = 100_001;
  await its.core.room('lobby').send('m', 'x');
  await its.clock.advance(0);
  expect(slow.of('lag')).toHaveLength(1);
  const before = told(slow);
  for (let index = 0; index < 20; index++) {
    await broker.update('lobby', `m${index}`, { changed: index });
    await broker.exit('lobby', `m${index + 100}`);
    await broker.enter('lobby', [`new-${index}`, null, null]);
    await its.clock.advance(60);
  }
  await broker.exit('lobby', 'new-3');
  await its.clock.advance(60);
  slow.buffered = 0;
  await its.clock.advance(1_000);
  expect(listed(seenBy(slow).values())).toEqual(listed(await broker.members('lobby')));
  expect(told(slow) - before).toBe(39);
});

test('T52 P35 a reader that fell behind a whole crowd is told as it reads, and of too large a crowd joins again', async () => {
  const broker = memoryBroker();
  const its = rawWorld({ rooms: [serve('lobby', { presence: true })], broker, buffer: 100_000 });
  const slow = await connected(its, 'slow');
  await slow.say(join());
  await its.clock.advance(100);
  slow.buffered = 100_001;
  await its.core.room('lobby').send('m', 'x');
  await fill(broker, 1_000, { a: 'x'.repeat(500) });
  await its.clock.advance(100);
  slow.buffered = 0;
  await its.clock.advance(110);
  const once = seenBy(slow).size;
  expect(once).toBeGreaterThan(10);
  expect(once).toBeLessThan(200);
  await its.clock.advance(5_000);
  expect(seenBy(slow).size).toBe(1_001);
  slow.buffered = 100_001;
  await its.core.room('lobby').send('m', 'x');
  await fill(broker, 21_500, null);
  await its.clock.advance(100);
  slow.buffered = 0;
  await its.clock.advance(1_000);
  expect(slow.of('reset')).toEqual([{ type: 'reset', room: 'lobby', why: 'unavailable' }]);
});

test('T52 members that are said to be there again, as after a lost connection of the broker, are told to nobody', async () => {
  const memory = memoryBroker();
  let listener: (event: RoomEvent) => void = () => undefined;
  const its = world({
    ...memory,
    subscribe(room, hears) {
      listener = hears;
      return memory.subscribe(room, hears);
    },
  });
  await fill(memory, 100, { a: 1 });
  const peer = await connected(its, 'reader');
  await peer.say(join());
  await its.clock.advance(100);
  peer.frames.length = 0;
  const all = (await memory.members('lobby')) as readonly MemberTuple[];
  listener({ type: 'presence', joined: all, left: [], changed: [] });
  await its.clock.advance(100);
  expect(peer.of('presence')).toEqual([]);
  listener({ type: 'presence', joined: [...all, ['new', null, null]], left: ['m1'], changed: [] });
  await its.clock.advance(100);
  expect(peer.of('presence')).toMatchObject([{ joined: [['new', null, null]], left: ['m1'], changed: [] }]);
});

test('T52 a broker that could not say who is in a room is asked again by whoever joins next', async () => {
  const memory = memoryBroker();
  let isAway = true;
  const its = world({
    ...memory,
    members(room) {
      if (isAway) throw new BrokerUnavailable('away');
      return memory.members(room);
    },
  });
  await fill(memory, 3, { a: 1 });
  const peers = [await connected(its, 'one'), await connected(its, 'two')];
  for (const peer of peers) await peer.say(join());
  isAway = false;
  for (const peer of peers) {
    expect(peer.of('error')).toMatchObject([{ code: 'unavailable' }]);
    await peer.say(join());
  }
  await its.clock.advance(100);
  for (const peer of peers) {
    expect(peer.of('joined')).toHaveLength(1);
    expect(seenBy(peer).size).toBe(5);
  }
});
