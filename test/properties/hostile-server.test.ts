// Whatever a server says: the client closes with a code that says why, or goes on, and nothing it has is damaged.
import { afterEach, describe, expect, test } from 'vitest';
import { kinds } from '../../src/protocol/checks.js';
import { json, type Codec, type Encoded } from '../../src/protocol/codec.js';
import { serverKinds, serverWire } from '../../src/protocol/frames.js';
import { defaultLimits } from '../../src/protocol/limits.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { checksIn, serverTuple } from '../../src/protocol/parse.js';
import { seededRandom } from '../../src/testing/random.js';
import { captured, entry, examples, most, pretend, world } from '../support/machine/captured.js';
import { cpuTime } from '../support/cpu.js';
import { fakeServer } from '../support/server/fake-server.js';
import { welcome } from '../support/machine/run.js';

const codecs: readonly Codec[] = [json(), msgpack()];

afterEach(() => world.close());

test('there is an example of every frame', () => {
  expect(examples.map(({ type }) => type).toSorted()).toEqual(Object.keys(serverWire).toSorted());
});

describe.each(codecs)('what is no frame, in $name', (codec) => {
  test('T24 every field of every frame gone wrong closes with 4400 and names itself', async () => {
    let closed = 0;
    for (const frame of examples) {
      for (const [index, [name, check]] of checksIn(
        serverWire[frame.type][1],
        serverKinds[frame.type],
        kinds,
      ).entries()) {
        const wrong = [-1.5, { nonsense: [1] }, null, 'x'.repeat(300), [[[]]], true].filter(
          (it) => !check(it),
        );
        for (const value of wrong) {
          const server = fakeServer({ codec });
          const link = await server.greet();
          const values = serverTuple(frame);
          values[index + 1] = value;
          link.sayTuple(...values);
          await server.clock.advance(0);
          expect(
            [link.closed, server.links.length, server.client.store.getState().connection.status],
            `${frame.type}.${name}: ${JSON.stringify(value)}`,
          ).toEqual([
            { code: 4400, reason: `${frame.type}: ${name} is missing or not what it should be` },
            1,
            'closed',
          ]);
          closed++;
        }
      }
    }
    expect(closed).toBeGreaterThan(150);
  });

  const repeated = (count: number, ...bytes: readonly number[]): Uint8Array =>
    Uint8Array.from({ length: count * bytes.length }, (_, at) => bytes[at % bytes.length] as number);
  const bombs: readonly (readonly [string, Encoded])[] = codec.binary
    ? [
        ['nested arrays', repeated(100_000, 0x91)],
        ['arrays that each promise four billion values', repeated(20_000, 0xdd, 0xff, 0xff, 0xff, 0xff)],
        ['maps that each promise as many', repeated(20_000, 0xdf, 0xff, 0xff, 0xff, 0xff)],
        ['maps as keys of maps', repeated(50_000, 0x81)],
        ['a text longer than the message', new Uint8Array([0xdb, 0xff, 0xff, 0xff, 0xff, 0x61])],
        ['bytes longer than the message', new Uint8Array([0xc6, 0x7f, 0xff, 0xff, 0xff])],
        ['an extension', new Uint8Array([0xc7, 0x04, 0x01, 1, 2, 3, 4])],
        ['a byte that means nothing', new Uint8Array([0xc1])],
        ['half a frame', new Uint8Array([0x92, 0x09])],
        [
          'a million empty arrays in one frame',
          Uint8Array.from([0xdd, 0, 0x0f, 0x42, 0x40, ...repeated(1_000_000, 0x90)]),
        ],
        ['a map with a number as key', new Uint8Array([0x92, 0x09, 0x81, 0x01, 0x01])],
        [
          'the key __proto__',
          new Uint8Array([0x92, 0x09, 0x81, 0xa9, ...new TextEncoder().encode('__proto__'), 0x01]),
        ],
        ['a text message', '[9,1]'],
      ]
    : [
        ['nested arrays', '['.repeat(1_000_000)],
        ['nested objects', '{"a":'.repeat(500_000)],
        ['a frame nested within what it may be', `[9,${'['.repeat(60)}${']'.repeat(60)}]`],
        ['a million values in one frame', `[9,${'0,'.repeat(1_000_000)}0]`],
        ['a number beyond all', '[9,1e999]'],
        ['half a frame', '[9'],
        ['brackets that close before they open', '[9,1]]]][[['],
        ['bytes that are not base64', String.raw`[9,1,"\u0001***"]`],
        ['an unpaired surrogate as frame', String.raw`"\ud800"`],
        ['nothing', ''],
        ['a binary message', new Uint8Array([0x92, 9, 1])],
      ];
  test.each(bombs)(
    'T24 %s: closes with 4400 at once, nothing in the rooms is damaged, and what was sent is told of once',
    async (_name, bomb) => {
      const it = await captured({ codec });
      const began = cpuTime();
      it.link.sayRaw(bomb);
      expect(cpuTime() - began).toBeLessThan(500);
      await world.advance(0);
      expect(it.link.closed?.code).toBe(4400);
      expect(it.status()).toMatchObject({ status: 'closed', reason: { code: 4400 } });
      expect(it.listOf('lobby')).toEqual(['by bob', 'before']);
      await it.rescue();
      await it.intact(['in-doubt', 'closed']);
    },
  );

  test('T24 10,000 mutilated messages: no exception, and after each close the client is as good as new', async () => {
    const it = await captured({ codec });
    const random = seededRandom(13);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const own = examples.map((frame) =>
      frame.type === 'nack' || frame.type === 'welcome' ? ({ type: 'ping', time: 1 } as const) : frame,
    );
    for (let count = 1; count <= 10_000; count++) {
      const whole = codec.encode(serverTuple(pick(own)));
      const bytes =
        typeof whole === 'string' ? Array.from(whole, (character) => character.charCodeAt(0)) : [...whole];
      for (let change = 0; change < 1 + random() * 3; change++) {
        const at = Math.floor(random() * bytes.length);
        if (random() < 0.3) bytes.splice(at, 1 + Math.floor(random() * 4));
        else if (random() < 0.5) bytes.splice(at, 0, ...bytes.slice(0, 5));
        else bytes[at] = Math.floor(random() * (codec.binary ? 256 : 128));
      }
      it.server.link.sayRaw(codec.binary ? new Uint8Array(bytes) : String.fromCharCode(...bytes));
      if (!it.server.link.closed) continue;
      expect(it.server.link.closed.code).toBe(4400);
      it.client.connect();
      await world.advance(0);
      await pretend(it.server);
    }
    it.client.reconnect();
    await it.rescue();
    await it.intact(['in-doubt', 'closed', 'denied', 'rejected']);
  });
});

describe('frames that are well formed, and not true', () => {
  type Captured = Awaited<ReturnType<typeof captured>>;
  const attacks: Readonly<Record<string, (it: Captured) => void | Promise<void>>> = {
    'an opcode of another version': ({ link }) => {
      link.sayTuple(77, 'news', { a: 1 });
    },
    'a second welcome, of somebody else': ({ link }) => {
      link.say(welcome({ member: 'mallory', user: { id: 'mallory' } }));
    },
    'positions that go backwards': ({ link }) => {
      for (let offset = 20; offset > 0; offset--)
        link.say({ type: 'message', room: 'lobby', entry: entry(offset) });
    },
    'one offset again and again, with other content': ({ link }) => {
      for (let count = 0; count < 20; count++)
        link.say({
          type: 'message',
          room: 'lobby',
          entry: entry(3, { 1: `x${count}`, 3: `again ${count}` }),
        });
    },
    'a forged end of the real log': ({ link }) => {
      for (const { room, position } of link.of('join'))
        if (position)
          link.say({ type: 'message', room, entry: entry(position[1] + 1, { 1: 'forged', 2: position[2] }) });
    },
    'an offset that jumps': ({ link }) => {
      link.say({ type: 'message', room: 'lobby', entry: entry(most) });
    },
    'a join that puts us at the end of all offsets': ({ link }) => {
      link.say(
        { type: 'reset', room: 'lobby', why: 'rewound' },
        {
          type: 'joined',
          room: 'lobby',
          position: ['e', most, 't'],
          recovered: false,
          why: 'epoch',
          messages: [],
          members: null,
          last: 1,
          more: false,
        },
      );
    },
    'acknowledgements of numbers that were never sent': ({ link }) => {
      link.say({
        type: 'ack',
        room: 'lobby',
        epoch: 'e',
        receipts: [0, 3, 4, 1_000, most].map((seq) => [seq, 1, 0, false] as const),
      });
    },
    'acknowledgements twice, with other places': ({ link }) => {
      for (const offset of [9, 8, most])
        link.say({ type: 'ack', room: 'lobby', epoch: 'x', receipts: [[2, offset, 0, false]] });
    },
    'refusals of numbers that were never sent': ({ link }) => {
      for (const code of ['rejected', 'gap', 'limited', 'conflict', 'nonsense'])
        link.say({ type: 'nack', room: 'lobby', seq: 1_000, code, after: most, reason: null, details: null });
    },
    'a wait without end': ({ link }) => {
      link.say({
        type: 'nack',
        room: 'lobby',
        seq: 2,
        code: 'limited',
        after: most,
        reason: null,
        details: null,
      });
    },
    'a gap that begins beyond all numbers': ({ link }) => {
      link.say({
        type: 'nack',
        room: 'lobby',
        seq: 2,
        code: 'gap',
        after: most,
        reason: null,
        details: null,
      });
    },
    'a gap before the first': ({ link }) => {
      link.say({ type: 'nack', room: 'lobby', seq: 2, code: 'gap', after: 0, reason: null, details: null });
    },
    'joined rooms that nobody asked for': ({ link }) => {
      for (const room of ['nowhere', '__proto__', 'constructor', 'other'])
        link.say({
          type: 'joined',
          room,
          position: ['e', 0, ''],
          recovered: false,
          why: 'epoch',
          messages: [entry(1)],
          members: [['m', null, {}]],
          last: most,
          more: true,
        });
    },
    'left, reset, lag, history and errors of what nobody asked for': ({ link }) => {
      for (const room of ['nowhere', '__proto__', 'toString'])
        link.say(
          { type: 'left', room, code: 'denied' },
          { type: 'reset', room, why: 'x' },
          { type: 'lag', room },
          { type: 'error', ref: room, code: 'denied', reason: '' },
          { type: 'presence', room, joined: [['m', null, null]], left: [], changed: [] },
        );
      for (const ref of [0, 1, -1, most])
        link.say(
          { type: 'history', ref, messages: [entry(1)], more: true },
          { type: 'error', ref, code: 'denied', reason: '' },
        );
    },
    'members named like keys of every object': ({ link }) => {
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']) {
        link.say({
          type: 'presence',
          room: 'lobby',
          joined: [[name, { id: name, x: 1 }, { x: 1 }]],
          left: [],
          changed: [[name, { x: 2, constructor: { x: 1 } }]],
        });
        link.sayRaw(
          `[27,"lobby",[["${name}",{"id":"${name}","__proto__":{"x":1}},{"__proto__":{"x":1}}]],[],[["${name}",{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}]]]`,
        );
      }
    },
    'payloads with keys that poison': ({ link }) => {
      link.sayRaw(
        '[26,"lobby",["m",{"id":"u","__proto__":{"x":1}}],"post",1,{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}]',
      );
    },
    'a broadcast and presence of nobody': ({ link }) => {
      link.say(
        { type: 'broadcast', room: 'lobby', sender: null, message: '', version: most, data: null },
        { type: 'presence', room: 'lobby', joined: [], left: ['nobody', ''], changed: [['nobody', {}]] },
      );
    },
    'a clock at the end of time': ({ link }) => {
      for (const time of [1e308, -1e308, 0, -1, 5e-324])
        link.say({ type: 'ping', time }, { type: 'pong', time }, { type: 'auth', expires: null });
    },
    'pongs that nobody asked for': ({ link }) => {
      for (const time of [-1e308, 0, world.clock.now() + 1e9]) link.say({ type: 'pong', time });
    },
    'a new token out of nowhere': ({ link }) => {
      link.say({ type: 'auth', expires: 1e308 }, { type: 'expiring', within: 1e308 });
    },
    'a move in a span without end, and in one before now': ({ link }) => {
      for (const within of [1e308, -1e308, 0]) link.say({ type: 'goaway', within });
    },
  };

  test.each(Object.entries(attacks))(
    'T24 %s: ignored, and nothing is lost, doubled or damaged',
    async (_name, attack) => {
      const it = await captured();
      await attack(it);
      await world.advance(1_000);
      expect(it.status().status).toBe('connected');
      const latency = it.client.store.getState().latency;
      expect(latency === null || latency.average < 60_000).toBe(true);
      await it.rescue();
      await it.intact();
    },
  );

  test.each(Object.entries(attacks))(
    'T24 %s, before the rooms are joined: the same',
    async (_name, attack) => {
      const it = await captured({ joined: false });
      await attack(it);
      await world.advance(1_000);
      expect(it.status().status).toBe('connected');
      await it.rescue();
      await it.intact();
    },
  );

  test.each([0, -1, 999, 1005, 1099, 2_999, 5_000, 65_535, NaN])(
    'T24 a close with the code %d, which nobody sends, is a connection that broke',
    async (code) => {
      const it = await captured();
      it.link.close(code);
      await world.advance(0);
      expect(it.status()).toMatchObject({ status: 'reconnecting', reason: { code } });
      await it.rescue();
      await it.intact();
    },
  );

  const deep = (depth: number): unknown => (depth ? [deep(depth - 1)] : 0);
  const names = ['__proto__', 'constructor', 'toString', '', 'x'.repeat(256)];
  /** What is allowed, and as odd as it can be. */
  const odd: Readonly<Record<string, readonly unknown[]>> = {
    text: [...names, 'x'.repeat(10_000), '\r\n\u001b[31m'],
    id: names,
    count: [0, 1, 2, most],
    time: [0, -1, 1e308, -1e308, 5e-324],
    object: [{}, JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}')],
    bool: [true, false],
    any: [
      null,
      deep(30),
      JSON.parse('{"__proto__":{"x":1}}'),
      'x'.repeat(10_000),
      Array.from({ length: 1_000 }, () => ({})),
    ],
    user: names.map((id) => ({ id })),
    sender: names.map((id) => [id, { id }]),
    entry: [entry(0), entry(most), [2, 't', '', '', -1e308, ['', { id: '' }], '', most, null]],
    integer: [0, 1, -1, most, -most],
    room: ['other', 'nowhere', '__proto__', 'constructor'],
    ref: ['other', '__proto__', 0, 1, -1, most],
    position: [
      ['', most, ''],
      ['e', 0, '__proto__'],
    ],
    ids: [[], names, Array.from({ length: 10_000 }, () => '')],
    entries: [[], [entry(1), entry(1), entry(1)], [entry(9), entry(5), entry(7)], [entry(most), entry(0)]],
    members: [
      [],
      names.map((id) => [id, { id }, { id }]),
      Array.from({ length: 10_000 }, (_, index) => [`m${index}`, null, null]),
    ],
    changes: [[], names.map((id) => [id, JSON.parse('{"__proto__":{"x":1}}')])],
    receipts: [
      [],
      [[2, most, 1e308, true, deep(30)]],
      [[2, null, -1e308, false]],
      Array.from({ length: 10_000 }, (_, seq) => [seq, 0, 0, false]),
    ],
    heartbeat: [
      [0, 0],
      [1, most],
      [most, 1],
    ],
    limits: [0, 1, most].map((limit) =>
      Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, limit])),
    ),
  };
  const fields = examples.flatMap((frame) =>
    checksIn(serverWire[frame.type][1], serverKinds[frame.type], kinds).map(([name], index) => {
      const kind = serverKinds[frame.type].split(' ')[index] ?? '';
      return {
        type: frame.type,
        name,
        index,
        frame,
        values: [...(odd[kind.replace('?', '')] ?? []), ...(kind.endsWith('?') ? [null] : [])],
      };
    }),
  );

  test.each(fields.map((field) => [`${field.type}.${field.name}`, field] as const))(
    'T24 %s as odd as it may be, in a room that is joined and in one that is not: no exception, and nothing is doubled or damaged',
    async (_name, { type, index, frame, values }) => {
      expect(values.length).toBeGreaterThan(0);
      const greets = type === 'welcome';
      for (const joined of [true, false]) {
        const it = await captured({
          joined: joined && !greets,
          greeting: greets ? { member: 'nobody yet' } : {},
        });
        for (const value of values) {
          const tuple = serverTuple(frame);
          tuple[index + 1] = value;
          if (greets) {
            it.client.reconnect();
            await world.advance(0);
            it.server.link.open();
            await world.advance(0);
          }
          it.server.link.sayTuple(...tuple);
          await world.advance(10);
          expect(it.server.link.closed?.code ?? 4401, `${JSON.stringify(value)}`).toBeOneOf([4401, 4011]);
        }
        await world.advance(1_000);
        await it.rescue();
        await it.intact(['in-doubt', 'closed', 'denied', 'rejected', 'conflict', 'too-large']);
        await world.close();
      }
    },
  );

  test.each<readonly [string, Parameters<typeof welcome>[0]]>([
    [
      'limits of 0',
      {
        limits: Object.fromEntries(
          Object.keys(defaultLimits).map((name) => [name, name === 'frame' ? 65_536 : 0]),
        ) as unknown as typeof defaultLimits,
      },
    ],
    [
      'limits beyond all',
      {
        limits: Object.fromEntries(
          Object.keys(defaultLimits).map((name) => [name, most]),
        ) as unknown as typeof defaultLimits,
      },
    ],
    ['a heartbeat of 0', { heartbeat: [0, 0] }],
    ['a heartbeat beyond all', { heartbeat: [most, most] }],
    ['a clock at the end of time', { time: 1e308, expires: -1e308 }],
    ['a clock before all', { time: -1e308, expires: 1e308 }],
    ['a token that has ended', { expires: 0 }],
  ])('T24 a welcome with %s: nothing is lost, doubled or damaged', async (_name, greeting) => {
    const it = await captured({ greeting });
    const { messages } = it.link;
    await world.advance(10_000);
    expect(it.server.links.reduce((sum, link) => sum + link.messages, 0) - messages).toBeLessThan(250);
    await it.rescue();
    await it.intact();
  });
});
