// The kinds of fields: for each, values that fit and values that do not.
import { describe, expect, test } from 'vitest';
import { clientChecks, maybe, type Check } from '../../src/protocol/checks.js';
import { Malformed, parseClientFrame } from '../../src/protocol/parse.js';

const long = 'x'.repeat(256);
const entry = [1, 'tag', '', 'id', 1.5, ['m', null], 'post', 1, { any: 'thing' }];
/** A copy of an array with another item in one place. */
const changed = (items: readonly unknown[], at: number, item: unknown): unknown[] => items.with(at, item);
const limits = { frame: 1, window: 2, history: 3, presence: 4 };

const values: Readonly<Record<string, readonly [fit: readonly unknown[], unfit: readonly unknown[]]>> = {
  text: [
    ['', 'x', `${long}x`],
    [0, null, undefined, ['x'], {}],
  ],
  id: [
    ['', 'x', long],
    [`${long}x`, 1, null, undefined, ['x']],
  ],
  count: [
    [0, 1, Number.MAX_SAFE_INTEGER],
    [-1, 1.5, Number.MAX_SAFE_INTEGER + 1, NaN, Infinity, '1', null, undefined],
  ],
  time: [
    [0, -1, 1.5, 1e300],
    [NaN, Infinity, -Infinity, '1', null, undefined],
  ],
  object: [
    [{}, { a: 1 }],
    [null, undefined, [], new Uint8Array(1), 'x', 1],
  ],
  bool: [
    [true, false],
    [0, 1, 'true', null, undefined],
  ],
  any: [[null, undefined, 0, 'x', [], {}], []],
  user: [
    [{ id: '' }, { id: 'u', name: 'Ü' }],
    [{}, { id: 1 }, { id: null }, ['u'], 'u', null, undefined],
  ],
  sender: [
    [['m', null], ['m', { id: 'u' }], ['m'], ['m', null, 'later']],
    [[], [1, null], ['m', {}], ['m', 'u'], 'm', {}, null, undefined],
  ],
  member: [
    [['m', null, null], ['m', { id: 'u' }, { a: 1 }], ['m']],
    [[], [1, null, null], ['m', {}, null], 'm', null],
  ],
  entry: [
    [entry, [...entry, 'later'], changed(entry, 5, null), entry.slice(0, 8)],
    [
      entry.slice(0, 7),
      ...[-1, null, null, null, NaN, {}, null, -1].map((wrong, at) => changed(entry, at, wrong)),
      {},
      null,
    ],
  ],
  integer: [
    [0, -1, 1],
    [1.5, NaN, '1', null, undefined],
  ],
  room: [
    ['a', 'A_z0.:@/%-', 'x'.repeat(128)],
    ['', 'x'.repeat(129), 'a b', 'a{b', 'a*', 'a\n', '\na', 'é', 1, ['a'], null, undefined],
  ],
  ref: [
    ['', 'a', 0, -1],
    [1.5, NaN, null, undefined, {}, ['a']],
  ],
  position: [
    [
      ['e', 0, ''],
      ['e', 3, 't', 'later'],
    ],
    [['e', 0], ['e', -1, ''], [1, 0, ''], ['e', 0, 1], 'e', null],
  ],
  ids: [
    [[], ['a', 'b']],
    [['a', 1], [`${long}x`], 'a', {}, null, undefined],
  ],
  entries: [
    [[], [entry, entry]],
    [[entry, []], entry, {}, null],
  ],
  members: [
    [[], [['m', null, null]]],
    [[['m', null, null], 'm'], ['m', null, null], {}, null],
  ],
  changes: [
    [[], [['m', {}]]],
    [[['m']], [['m', null]], [['m', []]], [[1, {}]], [['m', {}], ['n']], {}, null],
  ],
  receipts: [
    [[], [[1, 2, 3, true]], [[1, null, 3, false, { result: 1 }]]],
    [[[1, 2, 3]], [[-1, 2, 3, true]], [[1, -2, 3, true]], [[1, 2, '3', true]], [[1, 2, 3, 1]], {}, null],
  ],
  heartbeat: [
    [
      [0, 0],
      [25_000, 10_000, 'later'],
    ],
    [[1], [-1, 1], [1, -1], ['1', 1], {}, null],
  ],
  name: [
    ['x', long],
    ['', `${long}x`, 1, null, undefined, ['x']],
  ],
  number: [
    [1, Number.MAX_SAFE_INTEGER],
    [0, -1, 1.5, NaN, '1', null, undefined],
  ],
  payload: [[null, 0, '', 'x', [], {}], [undefined]],
  limits: [
    [limits, { ...limits, later: 'x' }],
    [
      ...Object.keys(limits).flatMap((name) => [
        { ...limits, [name]: undefined },
        { ...limits, [name]: -1 },
      ]),
      {},
      [],
      null,
      undefined,
    ],
  ],
};

test('every kind has values here', () => {
  expect(Object.keys(values).toSorted()).toEqual(Object.keys(clientChecks).toSorted());
});

describe.each(Object.entries(values))('P10 %s', (kind, [fit, unfit]) => {
  const check = clientChecks[kind] as Check;

  test('takes what fits, and nothing else', () => {
    expect(fit.map((value) => check(value))).toEqual(fit.map(() => true));
    expect(unfit.map((value) => check(value))).toEqual(unfit.map(() => false));
  });

  test('takes null and a missing value too, where it may be absent', () => {
    const absent = maybe(check);
    expect([null, undefined, ...fit].map(absent)).toEqual([true, true, ...fit.map(() => true)]);
    const wrong = unfit.filter((value) => value !== null && value !== undefined);
    expect(wrong.map(absent)).toEqual(wrong.map(() => false));
  });
});

describe('P10 bounds', () => {
  test('an id has at most 256 characters', () => {
    const join = (id: string): unknown => parseClientFrame([2, 'a', [id, 0, ''], 0, null]);
    expect(join('x'.repeat(256))).toMatchObject({ position: ['x'.repeat(256), 0, ''] });
    expect(() => join('x'.repeat(257))).toThrow(Malformed);
  });

  test('a room id has at least one character and at most 128', () => {
    const leave = (room: string): unknown => parseClientFrame([3, room]);
    expect(leave('x'.repeat(128))).toEqual({ type: 'leave', room: 'x'.repeat(128) });
    expect(() => leave('x'.repeat(129))).toThrow(Malformed);
    expect(() => leave('')).toThrow(Malformed);
  });
});
