// WebSocket's own frames gone wrong: by name, each rule of RFC 6455 that one can break, and by chance, bytes that once were right.
import { clientFrame, closeFrame, opcodes, textFrame } from '../support/network/websocket-frames.js';
import {
  closes,
  eitherCodec,
  eitherStage,
  message,
  pit,
  reset,
  stays,
  visitor,
  type Attack,
  type AttackClass,
  type CodecName,
} from './attack.js';
import type { Dice } from './dice.js';
import { mutated } from './mutants.js';
import { foresee, mayClose } from './oracle.js';

type Wrong = readonly [what: string, bytes: (dice: Dice, codec: CodecName) => Buffer, code: number];

const text = (content: Uint8Array | string): Buffer => clientFrame(opcodes.text, Buffer.from(content));
const ping = clientFrame(opcodes.ping, Buffer.from('hi'));

const badTexts: readonly (readonly number[])[] = [
  [0xff],
  [0xc0, 0x80],
  [0xc3],
  [0xe0, 0x80, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0x80],
  [0xe2, 0x28, 0xa1],
];
const badCodes: readonly number[] = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
const fineCodes: readonly number[] = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4400, 4999,
];

const wrong: readonly Wrong[] = [
  [
    'a reserved bit',
    (dice) =>
      clientFrame(dice.pick([0, 1, 2, 8, 9, 10]), Buffer.from('hi'), {
        reserved: dice.pick([0x10, 0x20, 0x40, 0x70]),
      }),
    1002,
  ],
  [
    'a reserved opcode',
    (dice) => clientFrame(dice.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), Buffer.from('hi')),
    1002,
  ],
  [
    'no mask',
    (dice) => clientFrame(dice.pick([1, 2, 8, 9, 10]), Buffer.from([0x03, 0xe8]), { masked: false }),
    1002,
  ],
  ['a ping in parts', () => clientFrame(opcodes.ping, Buffer.from('hi'), { fin: false }), 1002],
  ['a close in parts', () => closeFrame(1000, Buffer.from('bye'), { fin: false }), 1002],
  [
    'a ping that is too long',
    (dice) => clientFrame(opcodes.ping, Buffer.alloc(126 + dice.below(1_000))),
    1002,
  ],
  ['a close that is too long', () => closeFrame(1000, Buffer.alloc(124)), 1002],
  ['a close with half a code', () => clientFrame(opcodes.close, Buffer.from([3])), 1002],
  ['a close with a code that is none', (dice) => closeFrame(dice.pick(badCodes)), 1002],
  ['a close whose reason is no text', (dice) => closeFrame(1000, Buffer.from(dice.pick(badTexts))), 1007],
  ['a part of nothing', () => clientFrame(opcodes.continuation, Buffer.from('hi')), 1002],
  [
    'a message within a message',
    () => Buffer.concat([clientFrame(opcodes.text, Buffer.from('[9'), { fin: false }), text('[9,1]')]),
    1002,
  ],
  ['a text that is none', (dice) => clientFrame(opcodes.text, Buffer.from(dice.pick(badTexts))), 1007],
  [
    'a text that is none, in parts',
    (dice) =>
      Buffer.concat([
        clientFrame(opcodes.text, Buffer.from('[8,"'), { fin: false }),
        ping,
        clientFrame(opcodes.continuation, Buffer.from(dice.pick(badTexts))),
      ]),
    1007,
  ],
  [
    'a message that is too large, and is not there',
    (dice) =>
      clientFrame(dice.pick([1, 2]), Buffer.from('hi'), {
        claims: dice.pick([65_537, 100_000, 2 ** 31, 2 ** 32, 2 ** 40]),
      }),
    1009,
  ],
  [
    'a message that is too large, and is there',
    (dice) => clientFrame(dice.pick([1, 2]), Buffer.alloc(65_537 + dice.below(70_000), 0x20)),
    1009,
  ],
  [
    'a message that is too large in its parts',
    () =>
      Buffer.concat([
        clientFrame(opcodes.text, Buffer.alloc(40_000, 0x20), { fin: false }),
        clientFrame(opcodes.continuation, Buffer.alloc(40_000, 0x20)),
      ]),
    1009,
  ],
  [
    'a length beyond numbers',
    (dice) =>
      clientFrame(opcodes.text, Buffer.from('hi'), {
        claims: dice.pick([2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]),
      }),
    1009,
  ],
  [
    'text where there should be bytes, or the reverse',
    (dice, codec) =>
      clientFrame(codec === 'json' ? opcodes.binary : opcodes.text, Buffer.from('[9,1]'), {
        key: dice.bytes(4),
      }),
    4400,
  ],
  ['HTTP', () => Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 1002],
];

/** Odd, and yet what the RFC allows. */
const fine: readonly (readonly [what: string, bytes: (dice: Dice, codec: CodecName) => Buffer])[] = [
  ['a ping as large as it may be', () => clientFrame(opcodes.ping, Buffer.alloc(125))],
  ['a pong nobody asked for', (dice) => clientFrame(opcodes.pong, dice.bytes(dice.below(126)))],
  [
    'a ping between the parts of a message',
    (_, codec) =>
      codec === 'json'
        ? Buffer.concat([
            clientFrame(opcodes.text, Buffer.from('[9,'), { fin: false }),
            ping,
            clientFrame(opcodes.continuation, Buffer.from('1]')),
          ])
        : ping,
  ],
  [
    'a length in more bits than it needs',
    (dice, codec) =>
      codec === 'json'
        ? textFrame('[9,1]', { bits: dice.pick([16, 64]) })
        : clientFrame(opcodes.binary, Buffer.from([0x92, 9, 1]), { bits: dice.pick([16, 64]) }),
  ],
  [
    'a message as large as it may be',
    (_, codec) =>
      codec === 'json'
        ? textFrame(`[77,"${'x'.repeat(65_529)}"]`)
        : clientFrame(
            opcodes.binary,
            Buffer.concat([Buffer.from([0x92, 77, 0xc5, 65_530 >> 8, 65_530 & 255]), Buffer.alloc(65_530)]),
          ),
  ],
];

/** A stream of a few right frames, and what chance makes of it. */
function byChance(dice: Dice, codec: CodecName): readonly [bytes: Buffer, frames: number] {
  if (dice.chance(0.2)) return [dice.bytes(1 + dice.below(80)), 1];
  const frames = Array.from({ length: 1 + dice.below(4) }, () =>
    dice.pick([
      () => message(dice, codec, [9, dice.below(1_000)]),
      () => message(dice, codec, [5, pit, 'm', 1, 'hi']),
      () => clientFrame(opcodes.ping, dice.bytes(dice.below(20)), { key: dice.bytes(4) }),
      () =>
        clientFrame(opcodes.text, dice.bytes(dice.below(20)), { fin: dice.chance(0.5), key: dice.bytes(4) }),
      () => closeFrame(dice.pick([...badCodes, ...fineCodes]), Buffer.from('bye'), { key: dice.bytes(4) }),
    ])(),
  );
  const whole = Buffer.concat(frames);
  return [
    dice.chance(0.5)
      ? mutated(dice, whole, false)
      : Buffer.from(
          whole.map((byte, at) => (at % 7 === 0 && dice.chance(0.2) ? byte ^ (1 << dice.below(8)) : byte)),
        ),
    frames.length,
  ];
}

function chance(dice: Dice, codec: CodecName, stage: 'upgraded' | 'talking', user: string): Attack {
  const [bytes, frames] = byChance(dice, codec);
  const outcome = foresee({ codec, user: stage === 'talking' ? user : null }, bytes);
  // Most of what is not whole is cut off here: waiting for the server to lose patience takes its time.
  return {
    what: `by chance: ${bytes.toString('hex')}`,
    writes: [bytes],
    frames,
    outcome: outcome.type === 'waits' && dice.chance(0.9) ? reset : outcome,
  };
}

export const framing: AttackClass = {
  threat: 'T16',
  name: 'bytes of WebSocket',
  share: 0.25,
  least: 200,
  visit(dice, number) {
    const [stage, codec, who] = [eitherStage(dice), eitherCodec(dice), visitor(dice, number)];
    const attacks: Attack[] = [];
    if (stage === 'talking')
      while (attacks.length < 8 && dice.chance(0.7)) {
        const [what, bytes] = dice.pick(fine);
        attacks.push({ what: `fine: ${what}`, writes: [bytes(dice, codec)], frames: 1, outcome: stays });
      }
    if (number % 3 !== 0) attacks.push(chance(dice, codec, stage, who.user));
    else if (number % 30 === 0) {
      const code = dice.pick(fineCodes.filter(mayClose));
      attacks.push({
        what: `a close with ${code}`,
        writes: [closeFrame(code, Buffer.from('bye'), { key: dice.bytes(4) })],
        frames: 1,
        outcome: closes(code),
      });
    } else {
      const [what, bytes, code] = wrong[(number / 3) % wrong.length] as Wrong;
      attacks.push({ what, writes: [bytes(dice, codec)], frames: 1, outcome: closes(code) });
    }
    return { stage, codec, ...who, attacks };
  },
};
