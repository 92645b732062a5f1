// T41: somebody who makes up session keys leaves no more behind than a bounded number of sessions, and a session that is there keeps its numbers.
import { describe, expect, test } from 'vitest';
import { serve, type ServeOptions } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const room = 'lobby';
const join = { type: 'join', room, position: null, history: 0, presence: null } as const;
const message = {
  type: 'send',
  room,
  seq: 1,
  id: 'x',
  message: 'm',
  version: 1,
  data: 1,
  follows: null,
} as const;

/** More sessions than are remembered of one user. */
const many = 140;

interface Setup extends RawWorld {
  /** A session of ada's that joins and says one message. */
  session(key: number): Promise<RawPeer>;
  /** Its last number, as the broker knows it. */
  last(key: number): Promise<number>;
}

function setup(options: ServeOptions = {}): Setup {
  const world = rawWorld({
    rooms: [serve(room, options)],
    connections: { perUser: 1_000 },
    heartbeat: { interval: 600_000, timeout: 600_000 },
  });
  const { broker } = world.core.settings;
  return {
    ...world,
    async session(key) {
      const peer = world.peer();
      await peer.hello('ada', `key ${key}`);
      await peer.say(join, message);
      return peer;
    },
    last: async (key) => ((await broker.recall(room, JSON.stringify(['ada', `key ${key}`]), 1, 'x')) ? 1 : 0),
  };
}

const ways: readonly (readonly [string, (peer: RawPeer) => Promise<void>])[] = [
  [
    'lose their connection',
    async (peer) => {
      peer.events.closed(1006);
    },
  ],
  [
    'close their connection',
    async (peer) => {
      peer.events.closed(1000);
    },
  ],
  ['leave the room', (peer) => peer.say({ type: 'leave', room })],
];

describe.each([false, true])('T41 where members %s seen by others', (presence) => {
  test.each(ways)(
    'sessions that %s are forgotten once there are too many, the first of them first',
    async (_name, end) => {
      const world = setup({ presence });
      const there = await world.session(0);
      for (let key = 1; key <= many; key++) await end(await world.session(key));
      const known: number[] = [];
      for (let key = 0; key <= many; key++) known.push(await world.last(key));
      expect(known).toEqual([
        1,
        ...Array.from({ length: 12 }, () => 0),
        ...Array.from({ length: 128 }, () => 1),
      ]);
      // Ada's first session goes on where it was.
      await there.say({ ...message, seq: 2, id: 'y' });
      expect(there.of('ack').flatMap(({ receipts }) => receipts.map(([seq]) => seq))).toEqual([1, 2]);
    },
  );
});

test.each(ways)(
  'T41 sessions that said nothing and %s: where they were let in is forgotten',
  async (_name, end) => {
    const world = setup({ authorize: () => true });
    const { broker } = world.core.settings;
    const admitted = async (key: number): Promise<boolean> =>
      (await broker.admissions?.admitted(room, JSON.stringify(['ada', `key ${key}`]), 'ada')) !== null;
    const peers: RawPeer[] = [];
    for (let key = 0; key <= many; key++) {
      const peer = world.peer();
      await peer.hello('ada', `key ${key}`);
      await peer.say(join);
      peers.push(peer);
    }
    for (const peer of peers.slice(1)) await end(peer);
    const known: boolean[] = [];
    for (let key = 0; key <= many; key++) known.push(await admitted(key));
    expect(known).toEqual([
      true,
      ...Array.from({ length: 12 }, () => false),
      ...Array.from({ length: 128 }, () => true),
    ]);
  },
);

test('T41 a session that moves to a new connection stays in use', async () => {
  const world = setup();
  const older = await world.session(0);
  const newer = world.peer();
  await newer.hello('ada', 'key 0', { attempt: 2 });
  await newer.say(join);
  older.events.closed(1006);
  for (let key = 1; key <= many; key++) (await world.session(key)).events.closed(1006);
  expect(await world.last(0)).toBe(1);
});

test('T41 a session whose message is handled only after its connection is gone is not in use', async () => {
  const finish: (() => void)[] = [];
  const world = setup({
    on: {
      m: () =>
        new Promise<void>((resolve) => {
          finish.push(resolve);
        }),
    },
  });
  for (let key = 1; key <= many; key++) {
    (await world.session(key)).events.closed(1006);
    finish.pop()?.();
    await world.clock.advance(0);
  }
  const known: number[] = [];
  for (let key = 1; key <= many; key++) known.push(await world.last(key));
  expect(known.filter((it) => it === 1)).toHaveLength(128);
  expect(known.lastIndexOf(0)).toBe(11);
});

test('T41 a session that moves to another node while its message is handled stays in use', async () => {
  const finish: (() => void)[] = [];
  const slow: ServeOptions = {
    on: {
      slow: () =>
        new Promise<void>((resolve) => {
          finish.push(resolve);
        }),
    },
  };
  const world = setup(slow);
  const other = rawWorld({ broker: world.core.settings.broker, rooms: [serve(room, slow)] });
  const here = await world.session(0);
  await world.clock.advance(1_000);
  await here.say({ ...message, seq: 2, id: 'y', message: 'slow' });
  await world.clock.advance(1_000);
  await other.clock.advance(2_000);
  const there = other.peer();
  await there.hello('ada', 'key 0', { attempt: 2 });
  await there.say(join);
  await world.clock.advance(10_000);
  here.events.closed(1006);
  for (const call of finish) call();
  await world.clock.advance(0);
  for (let key = 1; key <= many; key++) (await world.session(key)).events.closed(1006);
  expect(await world.last(0)).toBe(1);
});

test('T41 sessions that are there for days are not forgotten', async () => {
  const world = setup();
  const there = await world.session(0);
  for (let time = 0; time < 200; time++) {
    await world.clock.advance(700_000);
    await there.say({ type: 'pong', time: 1 });
  }
  expect(there.closed).toBeNull();
  for (let key = 1; key <= many; key++) (await world.session(key)).events.closed(1006);
  expect(await world.last(0)).toBe(1);
});
