// Frames: every one, both ways, in both codecs; and everything that is none.
import { describe, expect, test } from 'vitest';
import { clientChecks } from '../../src/protocol/checks.js';
import { json } from '../../src/protocol/codec.js';
import {
  clientKinds,
  clientWire,
  serverKinds,
  serverWire,
  type ClientFrame,
  type Frame,
  type ServerFrame,
} from '../../src/protocol/frames.js';
import { defaultLimits } from '../../src/protocol/limits.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import {
  checksIn,
  clientTuple,
  Malformed,
  parseClientFrame,
  parseServerFrame,
  serverTuple,
} from '../../src/protocol/parse.js';

const entry = [
  1,
  'tag',
  '',
  'id',
  1.5,
  ['m', { id: 'u', name: 'Ü' }],
  'post',
  1,
  { a: [1, null, 'x'] },
] as const;

/** One of each, with nothing left out. */
const fromClient: readonly ClientFrame[] = [
  { type: 'hello', session: 's', instance: 'i', token: 't', takeover: true, client: 'c', attempt: 3 },
  { type: 'join', room: 'a/b', position: ['e', 3, 't'], history: 10, presence: { x: 1 } },
  { type: 'leave', room: 'a' },
  {
    type: 'send',
    room: 'a',
    seq: 1,
    id: 'x',
    message: 'post',
    version: 2,
    data: { deep: [{ a: null }] },
    follows: 0,
    replayed: true,
  },
  { type: 'broadcast', room: 'a', message: 'm', version: 1, data: 'text' },
  { type: 'presence', room: 'a', patch: { a: 1 }, cleared: ['b'] },
  { type: 'history', ref: 7, room: 'a', before: 9, limit: 5 },
  { type: 'auth', token: 't' },
  { type: 'ping', time: 1.25 },
  { type: 'pong', time: 1.25 },
];
const fromServer: readonly ServerFrame[] = [
  { type: 'ping', time: 1 },
  { type: 'pong', time: 1, spread: 2_000 },
  {
    type: 'welcome',
    member: 'm',
    heartbeat: [1, 2],
    limits: defaultLimits,
    time: 1,
    node: 'n',
    expires: 5,
    user: { id: 'u' },
  },
  {
    type: 'joined',
    room: 'a',
    position: ['e', 0, ''],
    recovered: false,
    why: 'epoch',
    messages: [entry],
    members: [['m', null, { a: 1 }]],
    last: 3,
    more: true,
  },
  { type: 'left', room: 'a', code: 'denied' },
  {
    type: 'ack',
    room: 'a',
    epoch: 'e',
    receipts: [
      [1, 2, 3, false, { r: 1 }],
      [2, null, 3, true, null],
    ],
  },
  { type: 'nack', room: 'a', seq: 1, code: 'rejected', after: 5, reason: 'r', details: { d: 1 } },
  { type: 'message', room: 'a', entry },
  { type: 'broadcast', room: 'a', sender: ['m', null], message: 'm', version: 1, data: 1 },
  { type: 'presence', room: 'a', joined: [['m', null, null]], left: ['x'], changed: [['y', { a: 1 }]] },
  { type: 'history', ref: 1, messages: [entry], more: false },
  { type: 'lag', room: 'a' },
  { type: 'reset', room: 'a', why: 'rewound' },
  { type: 'auth', expires: 5 },
  { type: 'expiring', within: 5 },
  { type: 'goaway', within: 5 },
  { type: 'error', ref: 'a', code: 'denied', reason: 'no', after: 5 },
];

interface Side {
  readonly wire: Readonly<Record<string, readonly [opcode: number, fields: string]>>;
  readonly kinds: Readonly<Record<string, string>>;
  readonly frames: readonly Frame[];
  readonly tuple: (frame: never) => unknown[];
  readonly parse: (value: unknown) => Frame | null;
}
const sides: readonly (readonly [string, Side])[] = [
  [
    'client',
    {
      wire: clientWire,
      kinds: clientKinds,
      frames: fromClient,
      tuple: clientTuple as Side['tuple'],
      parse: parseClientFrame,
    },
  ],
  [
    'server',
    {
      wire: serverWire,
      kinds: serverKinds,
      frames: fromServer,
      tuple: serverTuple as Side['tuple'],
      parse: parseServerFrame,
    },
  ],
];

describe.each(sides)('from the %s', (_name, { wire, kinds, frames, tuple, parse }) => {
  test('there is an example of every frame', () => {
    expect(frames.map(({ type }) => type).toSorted()).toEqual(Object.keys(wire).toSorted());
  });

  test('opcodes are each their own', () => {
    const ops = Object.values(wire).map(([op]) => op);
    expect(new Set(ops).size).toBe(ops.length);
  });

  test.each([json(), msgpack()])(
    'P3 every frame survives $name, alone and joined with the others',
    (codec) => {
      const parts = frames.map((frame) => {
        const part = codec.encode(tuple(frame as never));
        expect(codec.decode(part).map(parse)).toEqual([frame]);
        return typeof part === 'string' ? part : part.slice();
      });
      expect(codec.decode(codec.join(parts)).map(parse)).toEqual(frames);
    },
  );

  test('P10 an opcode of a later version is ignored, and fields beyond the known ones too', () => {
    expect(parse([99, 'anything'])).toBeNull();
  });

  test.each(frames.map((frame) => [frame.type, frame] as const))(
    'P10 %s: more fields change nothing',
    (_type, frame) => {
      expect(parse([...tuple(frame as never), 'more', 1])).toEqual(frame);
    },
  );

  const fields = frames.flatMap((frame) =>
    (wire[frame.type]?.[1] ?? '').split(' ').map((name, index) => ({ type: frame.type, name, index, frame })),
  );
  const wrong: readonly unknown[] = [
    undefined,
    null,
    'x'.repeat(300),
    -1,
    1.5,
    NaN,
    Infinity,
    true,
    [],
    {},
    [[]],
    'a b',
    2 ** 60,
    new Uint8Array(3),
  ];

  test.each(fields)(
    'P10 $type.$name: what is not what it should be is malformed, and named',
    ({ type, name, index, frame }) => {
      const [, check] = checksIn(wire[type]?.[1] ?? '', kinds[type] ?? '', clientChecks)[index] ?? [];
      for (const value of wrong) {
        const values = tuple(frame as never);
        values[index + 1] = value;
        let outcome: unknown;
        try {
          outcome = parse(values);
        } catch (error) {
          outcome = error;
        }
        const fine = check?.(value) === true;
        expect(outcome instanceof Malformed, `${String(value)} for ${name}`).toBe(!fine);
        expect(outcome).toSatisfy(
          (it: Error | Frame) => fine || (it as Error).message.startsWith(`${type}: ${name} `),
        );
      }
    },
  );
});

test.each([undefined, null, 0, 'text', {}, [], ['1'], [1.5], [null], [[]]])('P10 %j is no frame', (value) => {
  const why = new Malformed('a frame is an array that begins with an opcode');
  expect(() => parseClientFrame(value)).toThrow(why);
  expect(() => parseServerFrame(value)).toThrow(why);
});

test('P10 a field that is absent and may be null is null', () => {
  const ofNack = {
    type: 'nack',
    room: 'a',
    seq: 1,
    code: 'rejected',
    after: null,
    reason: null,
    details: null,
  };
  expect(parseServerFrame([24, 'a', 1, 'rejected'])).toStrictEqual(ofNack);
  expect(parseServerFrame([10, 5])).toStrictEqual({ type: 'pong', time: 5, spread: null });
  expect(parseClientFrame([1, 's', 'i', undefined, false, 'c'])).toStrictEqual({
    type: 'hello',
    session: 's',
    instance: 'i',
    token: null,
    takeover: false,
    client: 'c',
    attempt: null,
  });
});
