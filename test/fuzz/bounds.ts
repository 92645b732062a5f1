// Every field of every client frame at its bound, and one beyond it.
import { maxRoomId } from '../../src/protocol/limits.js';
import {
  closes,
  codecs,
  eitherCodec,
  message,
  pit,
  stays,
  visitOf,
  type Attack,
  type AttackClass,
  type CodecName,
} from './attack.js';
import type { Dice } from './dice.js';

/** What a field may be at most, what is too much, and what is no such thing. */
interface Bound {
  readonly at: readonly unknown[];
  readonly beyond: readonly unknown[];
}

const id: Bound = {
  at: ['', 'x'.repeat(256), '\u0000', '__proto__'],
  beyond: ['x'.repeat(257), 'x'.repeat(60_000), 1, null, [], {}, true],
};
const name: Bound = { at: id.at.slice(1), beyond: ['', ...id.beyond] };
const room: Bound = {
  at: ['x'.repeat(maxRoomId), 'a', '-', '../..', '%2e', 'constructor'],
  beyond: ['x'.repeat(maxRoomId + 1), '', ' ', 'a b', 'a\nb', '{x}', '*', 'ä', 'a\u0000', 1, null, [pit]],
};
const count: Bound = { at: [0, 1, 2 ** 53 - 1], beyond: [-1, 0.5, 2 ** 53, '1', null, [], true] };
const number: Bound = { at: count.at.slice(1), beyond: [0, ...count.beyond] };
const maybeCount: Bound = { at: [...count.at, null], beyond: count.beyond.filter((it) => it !== null) };
const integer: Bound = {
  at: [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1)],
  beyond: [0.5, 2 ** 53, -(2 ** 53), '1', null, {}],
};
const moment: Bound = { at: [0, -1.5, 1e308, 5e-324], beyond: ['1', null, [], true] };
const text: Bound = { at: ['x'.repeat(60_000)], beyond: [1, [], {}, true] };
const bool: Bound = { at: [true, false], beyond: [0, 1, 'true', null, []] };
const any: Bound = { at: [null, 0, 'x', [], {}, Array.from({ length: 10_000 }, () => 0)], beyond: [] };
const object: Bound = { at: [{}], beyond: [null, [], 'x', 1, true] };
const maybeObject: Bound = { at: [{}, null], beyond: object.beyond.slice(1) };
const position: Bound = {
  at: [
    null,
    ['e', 0, 't'],
    ['x'.repeat(256), 2 ** 53 - 1, 'x'.repeat(256)],
    ['e', 0, 't', ...Array.from({ length: 10_000 }, () => 0)],
  ],
  beyond: [[], ['e', 0], ['e', -1, 't'], ['x'.repeat(257), 0, 't'], ['e', 0, 'x'.repeat(257)], 'e', {}],
};

/** Each frame with its fields as they may be, and their bounds. */
const frames: Readonly<Record<string, readonly [tuple: readonly unknown[], bounds: readonly Bound[]]>> = {
  hello: [
    [1, 's', 'i', 't', false, 'c', 1],
    [name, name, text, bool, id, maybeCount],
  ],
  join: [
    [2, pit, null, 0, null],
    [room, position, count, maybeObject],
  ],
  leave: [[3, pit], [room]],
  send: [
    [4, pit, 1, 'x', 'm', 1, 1, null],
    [room, number, name, name, number, any, maybeCount],
  ],
  broadcast: [
    [5, pit, 'm', 1, 1],
    [room, name, number, any],
  ],
  presence: [
    [6, pit, {}],
    [room, object],
  ],
  history: [
    [7, 1, pit, null, 5],
    [integer, room, maybeCount, count],
  ],
  auth: [[8, 't'], [text]],
  ping: [[9, 1], [moment]],
  pong: [[10, 1], [moment]],
};

/** Whether it arrives as what it is. */
const fits = (codec: CodecName, tuple: readonly unknown[]): boolean =>
  codecs[codec].size(codecs[codec].encode(tuple)) < 65_000;

type Case = readonly [what: string, tuple: readonly unknown[], outcome: Attack['outcome']];

/** Of every field every value; a token is only known to be too much where it is no text. */
const cases: readonly Case[] = Object.entries(frames).flatMap(([frame, [tuple, bounds]]) =>
  bounds.flatMap(({ at, beyond }, index) => {
    const changed = (value: unknown): readonly unknown[] =>
      tuple.map((field, position_) => (position_ === index + 1 ? value : field));
    const what = (value: unknown): string =>
      `${frame}: field ${index + 1} is ${JSON.stringify(value)?.slice(0, 40)}`;
    return [
      // A hello or another's token is out of turn, however well it is made.
      ...(frame === 'hello' || frame === 'auth'
        ? []
        : at.map((value): Case => [what(value), changed(value), stays])),
      ...beyond.map((value): Case => [what(value), changed(value), closes(4400)]),
      ...(beyond.includes(null)
        ? [[`${frame}: ends before field ${index + 1}`, tuple.slice(0, index + 1), closes(4400)] as Case]
        : []),
    ];
  }),
);

/** Bounds of what fields hold together: the answer says which. */
const sums: readonly ((dice: Dice, codec: CodecName) => Attack)[] = [
  (dice, codec) => {
    const rooms = Array.from({ length: 129 }, (_, index) => [2, `spare/${index}`, null, 0, null]);
    return {
      what: '129 rooms',
      writes: [message(dice, codec, ...rooms)],
      frames: rooms.length,
      outcome: stays,
      answer: 'too-many-rooms',
    };
  },
  (dice, codec) => ({
    what: 'a presence of 4,097 bytes',
    writes: [message(dice, codec, [6, pit, { a: 'x'.repeat(4_097 - '{"a":""}'.length) }])],
    frames: 1,
    outcome: stays,
    answer: 'too-large',
  }),
  (dice, codec) => ({
    what: 'a presence that grows beyond',
    writes: [
      message(
        dice,
        codec,
        ...Array.from({ length: 10 }, (_, index) => [6, pit, { [`key-${index}`]: 'x'.repeat(500) }]),
      ),
    ],
    frames: 10,
    outcome: stays,
    answer: 'too-large',
  }),
  (dice, codec) => ({
    what: 'more history than there may be',
    writes: [message(dice, codec, [7, 5, pit, null, 2 ** 53 - 1])],
    frames: 1,
    outcome: stays,
  }),
  (dice, codec) => ({
    what: '300 messages at once',
    writes: [
      message(
        dice,
        codec,
        ...Array.from({ length: 300 }, (_, index) => [4, pit, index + 1, `m-${index}`, 'm', 1, index]),
      ),
    ],
    frames: 300,
    outcome: stays,
  }),
  (dice, codec) => ({
    what: 'a payload of 33 levels',
    writes: [
      message(dice, codec, [5, pit, 'm', 1, Array.from({ length: 33 }).reduce((inner) => [inner], 0)]),
    ],
    frames: 1,
    outcome: stays,
    answer: 'invalid',
  }),
];

export const bounds: AttackClass = {
  threat: 'T18',
  name: 'limit + 1',
  share: 0.06,
  least: 60,
  visit(dice, number) {
    const codec = eitherCodec(dice);
    if (number % 5 === 0)
      return visitOf(dice, number, 'talking', codec, (turn) =>
        turn === 0
          ? (sums[(number / 5) % sums.length] as (typeof sums)[number])(dice, codec)
          : { what: 'the end', writes: [message(dice, codec, ['none'])], frames: 1, outcome: closes(4400) },
      );
    return visitOf(dice, number, 'talking', codec, (turn): Attack => {
      const [what, tuple, outcome] = cases[(number * 7 + turn) % cases.length] as Case;
      const it = fits(codec, tuple) ? tuple : [9, 1];
      return { what, writes: [message(dice, codec, it)], frames: 1, outcome: it === tuple ? outcome : stays };
    });
  },
};
