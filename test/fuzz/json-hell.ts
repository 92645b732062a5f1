// JSON that overflows a stack, turns into something else when it is assigned, or is no number, no text, no JSON.
import { textFrame } from '../support/network/websocket-frames.js';
import { closes, pit, stays, visitOf, type Attack, type AttackClass } from './attack.js';
import type { Dice } from './dice.js';

const malformed = closes(4400);
export type Hell = readonly [
  what: string,
  text: (dice: Dice) => string,
  outcome?: Attack['outcome'],
  answer?: string,
];

/** A number in text that fills a message. */
const room = 65_000;
const nested = (open: string, close: string, depth: number, inside = '0'): string =>
  open.repeat(depth) + inside + close.repeat(depth);

/** Whole messages, which are malformed unless they say otherwise. */
export const hellMessages: readonly Hell[] = [
  ['brackets without end', (dice) => '['.repeat(1 + dice.below(room))],
  ['braces without end', () => '{"a":'.repeat(room / 5)],
  ['brackets and braces by turns', () => '[{"a":'.repeat(room / 6)],
  ['brackets that close first', () => ']'.repeat(room / 2) + '['.repeat(room / 2)],
  ['brackets in brackets, all closed', (dice) => nested('[', ']', 41 + dice.below(30_000))],
  ['as deep as it may be', () => `[77,${nested('[', ']', 39)}]`, stays],
  ['a level deeper', () => `[77,${nested('[', ']', 40)}]`],
  ['a frame with a prototype', () => '{"__proto__":[9,1],"length":2,"0":9,"1":1}'],
  ['a moment beyond numbers', () => '[9,1e999]'],
  ['a moment of 65,000 digits', () => `[9,${'1'.repeat(room)}]`],
  ['a moment of as many behind the point', () => `[9,0.${'1'.repeat(room)}]`, stays],
  ['an opcode beyond integers', () => '[9007199254740993,1]'],
  ['an opcode that is not whole', () => '[9.5,1]'],
  ['an opcode of -0', () => '[-0,1]', stays],
  ['NaN', () => '[9,NaN]'],
  ['a comment', () => '[9,1/* */]'],
  ['a comma too many', () => '[9,1,]'],
  ['a byte order mark', () => '\uFEFF[9,1]'],
  ['a control character in a text', () => '[8,"a\u0000b"]'],
  ['a lone surrogate in a room id', () => '[3,"\\ud800"]'],
  ['bytes that are not base64', () => '[77,"\\u0001*"]'],
  ['a line break in a text', () => '[9,1,"a\nb"]'],
  ['nothing between lines', () => '[9,1]\n\n[9,1]'],
  ['only line breaks', () => '\n'.repeat(room)],
  ['nothing', () => ''],
  ['spaces', () => ' '.repeat(room)],
  ['a text that never ends', () => `[8,"${'\\"'.repeat(room / 2)}`],
  ['fields without end', () => `[77${',0'.repeat(room / 2)}]`, stays],
  ['frames without end', () => Array.from({ length: room / 6 }, () => '[9,1]').join('\n'), closes(4429)],
];

/** Payloads of a message. Whoever they are for gets them as they are, or their sender is refused. */
export const hellPayloads: readonly Hell[] = [
  ['as deep as it may be', () => nested('[', ']', 32)],
  ['a level deeper', () => nested('[', ']', 33), stays, 'invalid'],
  ['objects a level deeper', () => nested('{"a":', '}', 33), stays, 'invalid'],
  ['__proto__', () => '{"__proto__":{"polluted":true}}', stays, 'invalid'],
  ['__proto__, escaped', () => '{"\\u005f_proto__":{"polluted":true}}', stays, 'invalid'],
  ['__proto__ within', () => '[{"a":{"__proto__":{"polluted":true}}}]', stays, 'invalid'],
  ['constructor and prototype', () => '{"constructor":{"prototype":{"polluted":true}}}', stays, 'invalid'],
  ['toString and others', () => '{"toString":1,"valueOf":null,"hasOwnProperty":[],"toJSON":"x","then":{}}'],
  ['a key twice', () => '{"a":1,"a":{"b":2},"a":3}'],
  ['a key twice, the second poisonous', () => '{"a":1,"__proto__":1,"__proto__":2}', stays, 'invalid'],
  ['1e999', () => '[1,-1e999]', stays, 'invalid'],
  ['-0 and numbers that lose digits', () => '[-0,0.1e-400,9007199254740993,1e308]'],
  ['digits', () => '9'.repeat(room), stays, 'invalid'],
  ['digits behind the point', () => `0.${'9'.repeat(room)}`],
  ['lone surrogates', () => '"\\ud800 \\udfff\\ud83d"'],
  ['a lone surrogate as key', () => '{"\\ud800":1}'],
  ['a text of escapes', () => `"${'\\u0000'.repeat(room / 6)}"`],
  ['bytes', () => '"\\u0001AAECAw=="'],
  ['a text that begins like bytes', () => '"\\u0001\\u0001x"'],
  ['a key that begins like bytes', () => '{"\\u0001*":1}'],
  [
    'keys without end',
    () => `{${Array.from({ length: 4_000 }, (_, index) => `"key-${index}":1`).join(',')}}`,
  ],
  ['an empty key', () => '{"":{"":{"":[]}}}'],
];

/** Where a payload stands, and whether it has to be the sender's next number. */
const places: readonly ((payload: string, turn: number) => string)[] = [
  (payload, turn) => `[4,"${pit}",${turn},"hell-${turn}","hell",1,${payload}]`,
  (payload) => `[5,"${pit}","hell",1,${payload}]`,
];

/** Fields that no payload is allowed in. */
const wrongPlaces: readonly ((payload: string) => string)[] = [
  (payload) => `[1,${payload},"i",null,false,"c"]`,
  (payload) => `[3,{"room":${payload}}]`,
  (payload) => `[8,[${payload}]]`,
  (payload) => `[2,"${pit}",{"0":${payload}},0,null]`,
];

export const jsonHell: AttackClass = {
  threat: 'T11',
  name: 'JSON hell',
  share: 0.08,
  least: 80,
  visit(dice, number) {
    // Before a hello nothing is legal.
    if (number % 5 === 0) {
      const [what, text] = hellMessages[(number / 5) % hellMessages.length] as Hell;
      return visitOf(dice, number, 'upgraded', 'json', () => ({
        what,
        writes: [textFrame(text(dice), { key: dice.bytes(4) })],
        frames: 1,
        outcome: malformed,
      }));
    }
    let sent = 0;
    return visitOf(dice, number, 'talking', 'json', (turn): Attack => {
      const write = (text: string): Pick<Attack, 'writes' | 'frames'> => ({
        writes: [textFrame(text, { key: dice.bytes(4) })],
        frames: 1,
      });
      if (turn < 12) {
        const [what, text, outcome = stays, answer] = dice.pick(hellPayloads);
        const durable = dice.chance(0.7);
        if (durable) sent++;
        return {
          what: `payload: ${what}`,
          ...write((places[durable ? 0 : 1] ?? String)(text(dice), sent)),
          outcome,
          ...(answer !== undefined && { answer }),
        };
      }
      if (dice.chance(0.2)) {
        const [what, text] = dice.pick(hellPayloads);
        return {
          what: `no place for it: ${what}`,
          ...write(dice.pick(wrongPlaces)(text(dice))),
          outcome: malformed,
        };
      }
      const [what, text, outcome = malformed] = hellMessages[(number + turn) % hellMessages.length] as Hell;
      return { what: `message: ${what}`, ...write(text(dice)), outcome };
    });
  },
};
