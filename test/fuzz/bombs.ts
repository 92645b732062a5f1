// MessagePack that promises more than it has, nests without end, or means nothing.
import { clientFrame, opcodes } from '../support/network/websocket-frames.js';
import { closes, message, pit, stays, visitOf, type Attack, type AttackClass } from './attack.js';
import type { Dice } from './dice.js';

/** A head with a length of 16 or 32 bits. */
const head = (type: number, bits: 16 | 32, length: number): Buffer => {
  const bytes = Buffer.alloc(1 + bits / 8);
  bytes[0] = type;
  if (bits === 16) bytes.writeUInt16BE(length, 1);
  else bytes.writeUInt32BE(length, 1);
  return bytes;
};

/** Heads nested in one another, each of which claims as many values as there are bytes behind it. */
function claimingAll(type: number, size: number, each: number, between: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  for (let left = size - 5; left > 5 + between.length; left -= 5 + between.length)
    parts.push(head(type, 32, Math.floor(left / each)), between);
  return Buffer.concat(parts);
}

const most = (bits: 16 | 32): number => (bits === 16 ? 65_535 : 2 ** 32 - 1);
const nothing = new Uint8Array();

type Bomb = (dice: Dice) => Uint8Array;
const promising =
  (type: number, bits: 16 | 32): Bomb =>
  (dice) =>
    Buffer.concat([
      head(type, bits, dice.pick([most(bits), most(bits) - dice.below(1_000), 60_000])),
      dice.bytes(dice.below(40)),
    ]);

/** Values that no decoder may be given. */
const bombs: Readonly<Record<string, Bomb>> = {
  'array of 16 bits': promising(0xdc, 16),
  'array of 32 bits': promising(0xdd, 32),
  'map of 16 bits': promising(0xde, 16),
  'map of 32 bits': promising(0xdf, 32),
  'text of 16 bits': promising(0xda, 16),
  'text of 32 bits': promising(0xdb, 32),
  'bytes of 16 bits': promising(0xc5, 16),
  'bytes of 32 bits': promising(0xc6, 32),
  'extension of 16 bits': promising(0xc8, 16),
  'extension of 32 bits': promising(0xc9, 32),
  'arrays in arrays': (dice) => Buffer.alloc(40 + dice.below(60_000), 0x91),
  'maps in maps': (dice) =>
    Buffer.concat(Array.from({ length: 41 + dice.below(10_000) }, () => Buffer.from([0x81, 0xa1, 0x61]))),
  'arrays, each claiming all bytes left': (dice) => claimingAll(0xdd, 200 + dice.below(60_000), 1, nothing),
  'maps, each claiming all bytes left': (dice) =>
    claimingAll(0xdf, 200 + dice.below(60_000), 2, Buffer.from([0xa1, 0x61])),
  'a fixed extension': (dice) =>
    Buffer.concat([Buffer.from([dice.pick([0xd4, 0xd5, 0xd6, 0xd7, 0xd8])]), dice.bytes(17)]),
  'a timestamp': () => Buffer.from([0xd6, 0xff, 0, 0, 0, 0]),
  'the byte that is never used': () => Buffer.from([0xc1]),
  'a map that ends in a key': () => Buffer.from([0x82, 0xa1, 0x61, 1, 0xa1]),
  'a key that is a number': () => Buffer.from([0x81, 1, 1]),
  'a key that is an array': () => Buffer.from([0x81, 0x91, 1, 1]),
};

/** Frames before their payload, as MessagePack: what is around the bomb. */
const around: readonly ((dice: Dice) => Uint8Array)[] = [
  () => nothing,
  // send, up to its data
  () => Buffer.from([0x97, 4, 0xa3, ...Buffer.from(pit), 1, 0xa1, 0x69, 0xa1, 0x6d, 1]),
  // join, up to its presence
  () => Buffer.from([0x95, 2, 0xa3, ...Buffer.from(pit), 0xc0, 0]),
  // hello, where its token would be
  () => Buffer.from([0x96, 1, 0xa1, 0x73, 0xa1, 0x69]),
  // a frame of a later version
  () => Buffer.from([0x92, 77]),
];

export const bombNames: readonly string[] = Object.keys(bombs);

/** A frame with this bomb in it, or nothing but the bomb. */
export const bombFrame = (
  dice: Dice,
  name: string,
  before: readonly ((dice: Dice) => Uint8Array)[] = around,
): Buffer => Buffer.concat([dice.pick(before)(dice), bombs[name]?.(dice) ?? nothing]);

/** Payloads that are large or odd, and yet legal for a decoder: the checks behind it answer. */
const odd: readonly (readonly [what: string, data: unknown, answer?: string])[] = [
  ['as many values as there may be', Array.from({ length: 49_999 }, () => 0)],
  ['one value more', Array.from({ length: 50_000 }, () => 0), 'invalid'],
  ['many empty maps, as many as JSON could say in as many bytes', Array.from({ length: 20_000 }, () => ({}))],
  ['no number', Number.NaN, 'invalid'],
  ['no end', -Infinity, 'invalid'],
  ['a key of the prototype', { constructor: 1 }, 'invalid'],
  ['a key __proto__', JSON.parse('{"__proto__":{"polluted":true}}') as unknown, 'invalid'],
  ['a key __proto__ within', JSON.parse('[{"a":{"__proto__":{"polluted":true}}}]') as unknown, 'invalid'],
  ['bytes', new Uint8Array(60_000)],
];

export const messagePackBombs: AttackClass = {
  threat: 'T10',
  name: 'MessagePack bombs',
  share: 0.08,
  least: 60,
  visit(dice, number) {
    const before = number % 4 === 0;
    return visitOf(dice, number, before ? 'upgraded' : 'talking', 'msgpack', (turn): Attack => {
      if (!before && turn < 3 && dice.chance(0.15)) {
        const [what, data, answer] = dice.pick(odd);
        // The next number, so that the payload is looked at.
        return {
          what,
          writes: [message(dice, 'msgpack', [4, pit, turn + 1, `odd-${turn}`, 'odd', 1, data])],
          frames: 1,
          outcome: stays,
          ...(answer !== undefined && { answer }),
        };
      }
      const name = bombNames[number % bombNames.length] ?? '';
      return {
        what: name,
        writes: [clientFrame(opcodes.binary, bombFrame(dice, name), { key: dice.bytes(4) })],
        frames: 1,
        outcome: closes(4400),
      };
    });
  },
};
