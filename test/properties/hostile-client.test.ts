// Whatever a client sends: a code that says why, no exception, and nobody else is touched.
import { describe, expect, test } from 'vitest';
import { json, type Codec, type Encoded } from '../../src/protocol/codec.js';
import { clientKinds, clientWire, type ClientFrame } from '../../src/protocol/frames.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { clientChecks } from '../../src/protocol/checks.js';
import { checksIn, clientTuple } from '../../src/protocol/parse.js';
import { serve } from '../../src/server/rooms/serve.js';
import { seededRandom } from '../../src/testing/random.js';
import { rawWorld, type RawPeer, type RawWorld } from '../support/server/raw.js';

const codecs: readonly Codec[] = [json(), msgpack()];
const rooms = [serve('lobby', { presence: true }), serve('closed', { authorize: () => false })];
const encoded = (codec: Codec, value: readonly unknown[]): Encoded => {
  const part = codec.encode(value);
  return typeof part === 'string' ? part : part.slice();
};

/** What went wrong at the server: a line about a peer that was closed is none. */
const errorsOf = ({ logs }: RawWorld): RawWorld['logs'] => logs.filter(({ level }) => level === 'error');

/** A well-behaved pair in the room, to see that nothing reaches them. */
async function bystanders(
  world: RawWorld,
): Promise<{ readonly talk: () => Promise<void>; readonly heard: RawPeer; readonly said: () => number }> {
  const [one, two] = [world.peer(), world.peer()];
  for (const [index, peer] of [one, two].entries()) {
    await peer.hello(`good${index}`, `good-session-${index}`);
    await peer.say({ type: 'join', room: 'lobby', position: null, history: 0, presence: {} });
  }
  let seq = 0;
  return {
    heard: two,
    said: () => seq,
    async talk() {
      seq++;
      await one.say({
        type: 'send',
        room: 'lobby',
        seq,
        id: `good${seq}`,
        message: 'm',
        version: 1,
        data: seq,
        follows: null,
      });
    },
  };
}

const examples: readonly ClientFrame[] = [
  { type: 'hello', session: 's', instance: 'i', token: 't', takeover: false, client: 'c' },
  { type: 'join', room: 'lobby', position: ['e', 1, 't'], history: 5, presence: {} },
  { type: 'leave', room: 'lobby' },
  { type: 'send', room: 'lobby', seq: 1, id: 'x', message: 'm', version: 1, data: { a: 1 }, follows: null },
  { type: 'broadcast', room: 'lobby', message: 'm', version: 1, data: 1 },
  { type: 'presence', room: 'lobby', patch: { a: 1 } },
  { type: 'history', ref: 1, room: 'lobby', before: null, limit: 5 },
  { type: 'auth', token: 't' },
  { type: 'ping', time: 1 },
  { type: 'pong', time: 1 },
];

describe.each(codecs)('$name', (codec) => {
  test('T18 P11 every field of every frame gone wrong closes with 4400, names itself, and touches nobody else', async () => {
    const world = rawWorld({ rooms });
    const good = await bystanders(world);
    let closed = 0;
    for (const frame of examples) {
      for (const [index, [name, check]] of checksIn(
        clientWire[frame.type][1],
        clientKinds[frame.type],
        clientChecks,
      ).entries()) {
        if (check({ nonsense: [1] }) && check(-1.5)) continue;
        const bad = world.peer(codec);
        await bad.hello('bad', `bad-session-${closed}`);
        const values = clientTuple(frame);
        values[index + 1] = check(-1.5) ? { nonsense: [1] } : -1.5;
        await bad.sayRaw(encoded(codec, values));
        expect(bad.closed, `${frame.type}.${name}`).toEqual({
          code: 4400,
          reason: `${frame.type}: ${name} is missing or not what it should be`,
        });
        closed++;
      }
    }
    expect(closed).toBeGreaterThan(25);
    await good.talk();
    expect(good.heard.of('message')).toHaveLength(1);
    expect(errorsOf(world)).toEqual([]);
  });

  test.each<readonly [string, (codec: Codec) => Encoded, number]>([
    ['nothing at all', (it) => (it.binary ? new Uint8Array() : ''), 4400],
    ['not this codec', (it) => (it.binary ? new Uint8Array([0xc1, 0xc1]) : '{"a":'), 4400],
    ['a message of the other kind', (it) => (it.binary ? '[9,1]' : new Uint8Array([0x92, 9, 1])), 4400],
    [
      'a value that is no array',
      (it) => encoded(it, [{ op: 9 }]).slice(it.binary ? 1 : 1, it.binary ? undefined : -1),
      4400,
    ],
    ['an array without an opcode', (it) => encoded(it, []), 4400],
    ['a text as opcode', (it) => encoded(it, ['send', 'lobby']), 4400],
    [
      'nesting without end',
      (it) => (it.binary ? new Uint8Array(60_000).fill(0x91) : '['.repeat(60_000)),
      4400,
    ],
    ['more bytes than allowed', (it) => encoded(it, [9, 1, 'x'.repeat(70_000)]), 1009],
    ['more bytes than allowed, in fewer characters', (it) => encoded(it, [9, 1, '漢'.repeat(25_000)]), 1009],
  ])('P4 P8 P10 %s', async (_name, message, code) => {
    const world = rawWorld({ rooms });
    const good = await bystanders(world);
    const bad = world.peer(codec);
    await bad.hello('bad', 'bad-session');
    await bad.sayRaw(message(codec));
    expect(bad.closed?.code).toBe(code);
    await good.talk();
    expect(good.heard.of('message')).toHaveLength(1);
    expect(errorsOf(world)).toEqual([]);
  });

  test('P4 as many bytes as allowed are read, however few characters they are', async () => {
    const good = rawWorld({ rooms }).peer(codec);
    await good.hello();
    await good.sayRaw(encoded(codec, [9, 1, `xx${'漢'.repeat(21_840)}`]));
    expect([good.closed, good.of('pong').length]).toEqual([null, 1]);
  });

  test('P10 an opcode of a later version is ignored', async () => {
    const bad = rawWorld({ rooms }).peer(codec);
    await bad.hello();
    await bad.sayRaw(encoded(codec, [77, 'news']));
    await bad.say({ type: 'ping', time: 5 });
    expect(bad.closed).toBeNull();
    expect(bad.of('pong')).toHaveLength(1);
  });

  test('T10 T11 20,000 mutilated messages: no exception, no error in the log, and the others talk on', async () => {
    const random = seededRandom(11);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const world = rawWorld({ rooms });
    const good = await bystanders(world);
    let bad = world.peer(codec);
    await bad.hello('bad', 'bad-0');
    for (let count = 1; count <= 20_000; count++) {
      const whole = encoded(codec, clientTuple(pick(examples)));
      const bytes =
        typeof whole === 'string' ? Array.from(whole, (character) => character.charCodeAt(0)) : [...whole];
      for (let change = 0; change < 1 + random() * 3; change++) {
        const at = Math.floor(random() * bytes.length);
        if (random() < 0.3) bytes.splice(at, 1 + Math.floor(random() * 4));
        else if (random() < 0.5) bytes.splice(at, 0, ...bytes.slice(0, 5));
        else bytes[at] = Math.floor(random() * (codec.binary ? 256 : 128));
      }
      bad.events.message(codec.binary ? new Uint8Array(bytes) : String.fromCharCode(...bytes));
      if (bad.closed) {
        bad = world.peer(codec);
        await bad.hello('bad', `bad-${count}`);
      }
      if (count % 2_000 === 0) await good.talk();
    }
    expect(good.said()).toBe(10);
    expect(
      good.heard.of('message').flatMap(({ entry }) => (entry[5]?.[1]?.id === 'good0' ? [entry[8]] : [])),
    ).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(errorsOf(world)).toEqual([]);
  });
});

describe('out of turn', () => {
  const outOfTurn: readonly ClientFrame[] = [
    { type: 'broadcast', room: 'lobby', message: 'm', version: 1, data: 1 },
    { type: 'presence', room: 'lobby', patch: { a: 1 } },
    { type: 'history', ref: 1, room: 'lobby', before: null, limit: 5 },
  ];
  test.each(outOfTurn)(
    '$type in a room that was not joined is an error frame, and the connection goes on',
    async (frame) => {
      const world = rawWorld({ rooms });
      const good = await bystanders(world);
      const bad = world.peer();
      await bad.hello('bad', 'bad');
      await bad.say(frame);
      expect(bad.of('error')).toMatchObject([{ code: 'not-joined' }]);
      await world.clock.advance(100);
      expect([
        bad.closed,
        good.heard.of('broadcast'),
        good.heard.of('presence').flatMap(({ changed }) => changed),
      ]).toEqual([null, [], []]);
    },
  );

  test('leaving a room twice, or one never joined, is no trouble', async () => {
    const bad = rawWorld({ rooms }).peer();
    await bad.hello();
    await bad.say({ type: 'leave', room: 'lobby' }, { type: 'leave', room: 'nowhere' });
    expect(bad.of('left')).toHaveLength(2);
    expect(bad.closed).toBeNull();
  });
});

test('T12 users, members and rooms named like keys of every object are like any other', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const world = rawWorld({ rooms: [serve(':name', { presence: true })] });
  const peers: RawPeer[] = [];
  for (const name of names) {
    const peer = world.peer();
    peers.push(peer);
    await peer.hello(name, name);
    for (const room of names)
      await peer.say({ type: 'join', room, position: null, history: 0, presence: { name } });
    await peer.say({
      type: 'send',
      room: '__proto__',
      seq: 1,
      id: name,
      message: name,
      version: 1,
      data: name,
      follows: null,
    });
  }
  expect(peers[0]?.of('message').map(({ entry }) => entry[6])).toEqual(names);
  expect((await world.core.room('constructor').members()).map(({ user }) => user?.id)).toEqual(names);
});

/** A member of a room whose handler never answers: what it says waits. */
async function waiting(codec: Codec = json()): Promise<RawPeer> {
  const world = rawWorld({
    rooms: [
      serve('lobby', {
        authorize: ({ action }) => (action === 'join' ? true : new Promise(() => undefined)),
      }),
    ],
  });
  const bad = world.peer(codec);
  await bad.hello();
  await bad.say({ type: 'join', room: 'lobby', position: null, history: 0, presence: null });
  return bad;
}

test('more frames than may wait behind a slow handler close with 4429', async () => {
  const bad = await waiting();
  const flood = Array.from(
    { length: 500 },
    () => ({ type: 'broadcast', room: 'lobby', message: 'm', version: 1, data: 1 }) as const,
  );
  for (let round = 0; round < 10; round++) await bad.say(...flood);
  expect(bad.closed?.code).toBe(4429);
});

test('more bytes than may wait behind a slow handler close with 4429', async () => {
  const bad = await waiting();
  let taken = 0;
  for (; taken < 100 && !bad.closed; taken++)
    await bad.say({ type: 'broadcast', room: 'lobby', message: 'm', version: 1, data: 'x'.repeat(65_000) });
  expect([bad.closed?.code, taken]).toEqual([4429, 19]);
});

test('T10 what waits counts for what it costs in memory, where that is far more than its bytes', async () => {
  const bad = await waiting(msgpack());
  const data = Array.from({ length: 20_000 }, () => ({}));
  let taken = 0;
  for (; taken < 100 && !bad.closed; taken++)
    await bad.say({ type: 'broadcast', room: 'lobby', message: 'm', version: 1, data });
  expect([bad.closed?.code, taken]).toEqual([4429, 8]);
});
