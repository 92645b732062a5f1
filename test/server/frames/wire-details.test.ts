// What a client in another language has to know beside the shape of frames: each sentence of PROTOCOL.md that such a client once guessed wrong.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../../src/contract/define-room.js';
import { json, type Encoded } from '../../../src/protocol/codec.js';
import { RealtimeError } from '../../../src/protocol/error.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

type Frame<T extends ClientFrame['type']> = Partial<Extract<ClientFrame, { type: T }>>;

const join = (fields: Frame<'join'> = {}): ClientFrame => ({
  type: 'join',
  room: 'lobby',
  position: null,
  history: 0,
  presence: null,
  ...fields,
});
const send = (seq: number, fields: Frame<'send'> = {}): ClientFrame => ({
  type: 'send',
  room: 'lobby',
  seq,
  id: `i${seq}`,
  message: 'say',
  version: 1,
  data: seq,
  ...fields,
});

const rooms = [serve('lobby', { presence: true }), serve('other')];

async function joined(world: RawWorld, token = 'ada', session = `session-${token}`): Promise<RawPeer> {
  const peer = world.peer();
  await peer.hello(token, session);
  await peer.say(join());
  return peer;
}
const datas = (peer: RawPeer): unknown[] => peer.of('message').map(({ entry }) => entry[8]);

describe('P3 lines of a JSON message', () => {
  test.each([
    ['an empty line at the end', '[9,1]\n', 4400],
    ['an empty line between', '[9,1]\n\n[9,2]', 4400],
    ['a line end of two characters', '[9,1]\r\n[9,2]', undefined],
  ])('%s', async (_name, text, code) => {
    const peer = await joined(rawWorld({ rooms }));
    await peer.sayRaw(text);
    expect([peer.closed?.code, peer.of('pong').length]).toEqual([code, code ? 0 : 2]);
  });
});

describe('P6 bytes and marked texts in JSON', () => {
  const decoded = (text: string): unknown => json().decode(`[${JSON.stringify(text)}]`)[0];

  test.each([
    ['with padding', '\u0001+/8=', [251, 255]],
    ['without padding', '\u0001+/8', [251, 255]],
    ['of no bytes', '\u0001', []],
  ])('base64 %s is read', (_name, text, bytes) => {
    expect(decoded(text)).toEqual([new Uint8Array(bytes)]);
  });

  test('the alphabet for URLs is refused', () => {
    expect(() => decoded('\u0001-_8=')).toThrow('base64');
  });

  test('an id is escaped as every string is, and the key of a map is not', async () => {
    const peer = await joined(rawWorld({ rooms }));
    await peer.sayRaw('[4,"lobby",1,"\\u0001\\u0001id","say",1,{"\\u0001key":"\\u0001\\u0001value"}]');
    expect(peer.of('message').map(({ entry }) => [entry[3], entry[8]])).toEqual([
      ['\u0001id', { '\u0001key': '\u0001value' }],
    ]);
    expect(peer.messages.at(-1)).toContain('\\u0001\\u0001value');
  });
});

describe.each([json(), msgpack()])('P7 numbers over $name', (codec) => {
  const bytes = (tuple: readonly unknown[]): Encoded => {
    const part = codec.encode(tuple);
    return typeof part === 'string' ? part : part.slice();
  };

  test('an integer beyond 2^53 is rounded', () => {
    const whole = codec.binary
      ? new Uint8Array([0x91, 0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1])
      : '[9007199254740993]';
    expect(codec.decode(whole)).toEqual([[9_007_199_254_740_992]]);
  });

  test('an integer may be written as a float', async () => {
    const peer = rawWorld({ rooms }).peer(codec);
    await peer.hello();
    await peer.say(join());
    const seq = codec.binary
      ? [0x98, 4, ...(codec.encode(['lobby']) as Uint8Array).subarray(1), 0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]
      : [];
    const rest = ['i1', 'say', 1, 1, null];
    await peer.sayRaw(
      codec.binary
        ? new Uint8Array([...seq, ...(bytes(rest) as Uint8Array).subarray(1)])
        : '[4,"lobby",1.0,"i1","say",1,1,null]',
    );
    expect([peer.closed, peer.of('ack').map(({ receipts }) => receipts[0]?.[0])]).toEqual([null, [1]]);
  });
});

test('P10 a field that may be null may be missing at the end', async () => {
  const peer = rawWorld({ rooms }).peer();
  await peer.sayRaw('[1,"session","instance","ada",false,"test"]');
  await peer.sayRaw('[2,"lobby",null,0]\n[4,"lobby",1,"i","say",1,null]');
  expect([peer.closed, peer.of('ack').length]).toEqual([null, 1]);
});

test('P12 a frame that the server does not know is no hello either', async () => {
  const peer = rawWorld({ rooms }).peer();
  await peer.sayRaw('[99,1]');
  expect(peer.closed?.code).toBe(4400);
});

test('P13 hello, join and send may be one message, for a session that knows its numbers', async () => {
  const peer = rawWorld({ rooms }).peer();
  await peer.sayRaw(
    '[1,"session","instance","ada",false,"test"]\n[2,"lobby",null,0]\n[4,"lobby",1,"i","say",1,"x"]',
  );
  expect(peer.of('ack').map(({ receipts }) => receipts[0]?.[1])).toEqual([1]);
});

describe('P16 attempts of one instance', () => {
  test.each([
    ['later', 2, 1, [null, 4009]],
    ['equal', 1, 1, [4009, null]],
    ['earlier', 1, 2, [4009, null]],
    ['missing', null, null, [4009, null]],
  ])('the attempt of the first is %s: the newer one stays', async (_name, first, second, codes) => {
    const world = rawWorld({ rooms });
    const [one, other] = [world.peer(), world.peer()];
    await one.hello('ada', 's', { attempt: first });
    await other.hello('ada', 's', { attempt: second });
    expect([one.closed?.code ?? null, other.closed?.code ?? null]).toEqual(codes);
  });
});

describe('P17 a token that is renewed in band', () => {
  const world = () =>
    rawWorld({
      rooms,
      authenticate({ token }) {
        if (token === 'nowhere') throw new Error('the database is away');
        return token === 'refused' ? null : { id: token?.split('.')[0] ?? 'nobody' };
      },
    });

  test.each([
    ['refused', 'refused', 4401],
    ['of another user', 'bob', 4403],
  ])('%s: the connection is closed', async (_name, token, code) => {
    const peer = await joined(world());
    await peer.say({ type: 'auth', token });
    expect(peer.closed?.code).toBe(code);
  });

  test('nobody can be asked: an error without ref, and the old token counts on', async () => {
    const peer = await joined(world());
    await peer.say({ type: 'auth', token: 'nowhere' });
    expect(peer.of('error')).toMatchObject([{ ref: null, code: 'unavailable' }]);
    await peer.say(send(1));
    expect([peer.closed, datas(peer)]).toEqual([null, [1]]);
  });

  test('twice within half a second: limited, without ref', async () => {
    const peer = await joined(world());
    await peer.say({ type: 'auth', token: 'ada.2' }, { type: 'auth', token: 'ada.3' });
    expect([peer.of('auth').length, peer.of('error')]).toMatchObject([1, [{ ref: null, code: 'limited' }]]);
  });
});

describe('P18 pings', () => {
  test('the server answers each ping of a message', async () => {
    const peer = await joined(rawWorld({ rooms }));
    await peer.sayRaw('[9,1]\n[9,2]\n[9,3]');
    expect(peer.of('pong').map(({ time }) => time)).toEqual([1, 2, 3]);
  });

  test('a ping of the transport goes with each ping of the server, and what the transport hears is life', async () => {
    const world = rawWorld({ rooms, heartbeat: { interval: 1_000, timeout: 500 } });
    const peer = await joined(world);
    for (let second = 0; second < 5; second++) {
      await world.clock.advance(1_000);
      peer.events.control(1);
    }
    expect([peer.closed, peer.of('ping').length > 2, peer.pings === peer.of('ping').length]).toEqual([
      null,
      true,
      true,
    ]);
    await world.clock.advance(2_000);
    expect(peer.closed?.code).toBe(4000);
  });
});

describe('P22 what a join is answered', () => {
  test('without a position: not recovered, for no reason; the position of an empty log is 0 without a tag', async () => {
    const peer = await joined(rawWorld({ rooms }));
    expect(peer.of('joined')).toMatchObject([{ recovered: false, why: null, more: false }]);
    expect(peer.of('joined')[0]?.position.slice(1)).toEqual([0, '']);
  });

  test.each([
    ['of the newest two', null, 2, [3, 4], true],
    ['of more than the server gives', null, 100, [2, 3, 4], true],
    ['from a position', 1, 0, [2, 3, 4], true],
    ['from the start', 0, 0, [1, 2, 3, 4], false],
  ] as const)(
    '%s: more says whether there are older entries than the first',
    async (_name, from, most, expected, more) => {
      const world = rawWorld({ rooms, limits: { history: 3 } });
      const ada = await joined(world);
      await ada.say(send(1), send(2), send(3), send(4));
      const epoch = ada.of('joined')[0]?.position[0] ?? '';
      const tag = from === 0 ? '' : (ada.of('message')[0]?.entry[1] ?? '');
      const bob = world.peer();
      await bob.hello('bob', 'session-bob');
      await bob.say(join({ history: most, position: from === null ? null : [epoch, from, tag] }));
      const answer = bob.of('joined')[0];
      expect([answer?.messages.map(([offset]) => offset), answer?.more, answer?.recovered]).toEqual([
        expected,
        more,
        from !== null,
      ]);
    },
  );
});

test('P24 an entry follows a position by one, and names its tag', async () => {
  const peer = await joined(rawWorld({ rooms }));
  await peer.say(send(1), send(2));
  const [first, second] = peer.of('message').map(({ entry }) => entry);
  expect([first?.[0], first?.[2], second?.[0], second?.[2]]).toEqual([1, '', 2, first?.[1]]);
});

describe('P25 presence', () => {
  test('oneself is among the members, with null for one that shows nothing', async () => {
    const peer = await joined(rawWorld({ rooms }));
    expect(peer.of('joined')[0]?.members?.map(([, user, shown]) => [user, shown])).toEqual([
      [{ id: 'ada' }, null],
    ]);
  });

  test('a patch replaces the value of a key whole, null is a value, and no key is removed', async () => {
    const world = rawWorld({ rooms });
    const ada = await joined(world);
    const bob = await joined(world, 'bob');
    await ada.say(join({ presence: { at: { x: 1, y: 2 }, name: 'Ada' } }));
    await world.clock.advance(100);
    await ada.say({ type: 'presence', room: 'lobby', patch: { at: { x: 3 }, name: null } });
    await world.clock.advance(100);
    expect(bob.of('presence').flatMap(({ changed }) => changed.map(([, patch]) => patch))).toEqual([
      { at: { x: 3 }, name: null },
    ]);
    const cem = await joined(world, 'cem');
    expect(cem.of('joined')[0]?.members?.map(([, , shown]) => shown)).toContainEqual({
      at: { x: 3 },
      name: null,
    });
  });

  test.each([
    ['another one', { b: 1 }],
    ['null', null],
  ])('a later join states the whole presence: %s replaces it', async (_name, presence) => {
    const world = rawWorld({ rooms });
    const ada = await joined(world);
    await ada.say(join({ presence: { a: 1 } }), join({ presence }));
    expect(
      ada
        .of('joined')
        .at(-1)
        ?.members?.map(([, , shown]) => shown),
    ).toEqual([presence]);
  });
});

describe('P29 P32 a receipt without a place', () => {
  test('a number that was passed over is a duplicate without offset, whatever its id, and in no log', async () => {
    const peer = await joined(rawWorld({ rooms }));
    await peer.say(send(4, { follows: 0 }));
    await peer.say(send(2, { id: 'some id' }), send(2, { id: 'another id' }));
    expect(
      peer.of('ack').flatMap(({ receipts }) => receipts.map(([seq, at, , twice]) => [seq, at, twice])),
    ).toEqual([
      [4, 1, false],
      [2, null, true],
      [2, null, true],
    ]);
    expect(datas(peer)).toEqual([4]);
  });

  test('a number that is beyond the receipts is one too', async () => {
    const peer = await joined(rawWorld({ rooms }));
    for (let seq = 1; seq <= 520; seq++) await peer.say(send(seq));
    await peer.say(send(1, { id: 'another id' }), send(520));
    const [old, known] = peer
      .of('ack')
      .flatMap(({ receipts }) => receipts)
      .slice(-2);
    expect([old?.slice(0, 2), known?.slice(0, 2)]).toEqual([
      [1, null],
      [520, 520],
    ]);
  });
});

describe('P31 what settles nothing', () => {
  test('not-joined: the number comes again after a second', async () => {
    const world = rawWorld({ rooms });
    const peer = await joined(world);
    await peer.say(send(1, { room: 'other' }));
    expect(peer.of('nack')).toMatchObject([{ code: 'not-joined', after: 1_000 }]);
    await peer.say(join({ room: 'other' }), send(1, { room: 'other' }));
    expect(peer.of('joined').at(-1)?.last).toBe(0);
    expect(peer.of('ack').map(({ room }) => room)).toEqual(['other']);
  });

  test('conflict and gap leave the numbers as they are', async () => {
    const peer = await joined(rawWorld({ rooms }));
    await peer.say(send(1), send(1, { id: 'another' }), send(3), send(2));
    expect(peer.of('nack').map(({ seq, code, after }) => [seq, code, after])).toEqual([
      [1, 'conflict', null],
      [3, 'gap', 1],
    ]);
    expect(datas(peer)).toEqual([1, 2]);
  });

  test('what follows a number that was put off is passed over without a word, and comes again with it', async () => {
    let tries = 0;
    const later = serve('lobby', {
      on: {
        say() {
          if (++tries === 1) throw new RealtimeError('unavailable', 'not now');
        },
      },
    });
    const peer = await joined(rawWorld({ rooms: [later] }));
    await peer.say(send(1), send(2), send(3));
    expect(peer.of('nack').map(({ seq, code }) => [seq, code])).toEqual([[1, 'unavailable']]);
    await peer.say(send(1), send(2), send(3));
    expect([datas(peer), peer.of('nack').length]).toEqual([[1, 2, 3], 1]);
  });
});

test('P34 the server upgrades a message when it appends it', async () => {
  const lobby = defineRoom('lobby', {
    messages: {
      say: {
        version: 2,
        schema: z.object({ text: z.string() }),
        upgrade: { 1: (text: unknown) => ({ text }) },
      },
    },
  });
  const peer = await joined(rawWorld({ rooms: [serve(lobby)] }));
  await peer.say(send(1, { data: 'old' }));
  expect(peer.of('message').map(({ entry }) => [entry[7], entry[8]])).toEqual([[2, { text: 'old' }]]);
});

describe('P2 P37 more connections than there may be', () => {
  test.each([
    ['strangers', { strangers: 2 }, 1013],
    ['of one address', { perAddress: 2 }, 4429],
  ])('%s: the one too many is closed', async (_name, connections, code) => {
    const world = rawWorld({ rooms, connections });
    const peers = [world.peer(), world.peer(), world.peer()];
    await world.clock.advance(0);
    expect(peers.map(({ closed }) => closed?.code)).toEqual([undefined, undefined, code]);
  });

  test('of one user: the one too many is closed at its hello', async () => {
    const world = rawWorld({ rooms, connections: { perUser: 1 } });
    const [one, other] = [world.peer(), world.peer()];
    await one.hello('ada', 's1');
    await other.hello('ada', 's2', { instance: 'j' });
    expect([one.closed, other.closed?.code]).toEqual([null, 4429]);
  });
});

test('P23 P27 the ref of an error is the number of a history, the room of what names one', async () => {
  const world = rawWorld({ rooms: [serve('lobby', { authorize: ({ action }) => action === 'join' })] });
  const peer = await joined(world);
  await peer.say(
    { type: 'history', ref: 7, room: 'lobby', before: null, limit: 1 },
    { type: 'history', ref: 8, room: 'away', before: null, limit: 1 },
    { type: 'broadcast', room: 'lobby', message: 'say', version: 1, data: 1 },
    { type: 'presence', room: 'lobby', patch: {} },
    join({ room: 'away' }),
  );
  expect(peer.of('error').map(({ ref, code }) => [ref, code])).toEqual([
    [7, 'rejected'],
    [8, 'not-joined'],
    ['lobby', 'rejected'],
    ['lobby', 'rejected'],
    ['away', 'denied'],
  ]);
});

test('P28 window is for the client alone: a server takes what is beyond it', async () => {
  let go = (): void => undefined;
  const waits = new Promise<void>((resolve) => {
    go = resolve;
  });
  const slow = serve('lobby', { on: { say: () => waits } });
  const peer = await joined(rawWorld({ rooms: [slow], limits: { window: 2 } }));
  await peer.say(...Array.from({ length: 10 }, (_, index) => send(index + 1)));
  go();
  await peer.sayRaw('[9,1]');
  expect([peer.closed, datas(peer).length]).toEqual([null, 10]);
});
