// Messages in more parts than any client would make of them, parts with nothing in them, and frames that the network brings byte by byte.
import { clientFrame, opcodes } from '../support/network/websocket-frames.js';
import {
  closes,
  eitherCodec,
  eitherStage,
  message,
  stays,
  visitOf,
  visitor,
  type Attack,
  type AttackClass,
} from './attack.js';
import type { Dice } from './dice.js';

/** Above what a message may have of them, and what `ws` allows by itself is above that. */
const many = 600;

function flood(content: string, opcode: number): Attack {
  const [first, next] = [opcode, opcodes.continuation].map((each) =>
    clientFrame(each, Buffer.from(content), { fin: false }),
  );
  const bytes = Buffer.concat([
    first ?? Buffer.alloc(0),
    ...Array.from({ length: many }, () => next ?? Buffer.alloc(0)),
  ]);
  return {
    what: `${many} fragments of '${content}'`,
    writes: [bytes],
    frames: many + 1,
    outcome: closes(1008),
  };
}

/** A legal ping of Roomful, in a few fragments with pings of the transport between them, and written a few bytes at a time. */
function pieces(dice: Dice, codec: 'json' | 'msgpack'): Attack {
  const whole =
    codec === 'json' ? Buffer.from('[9,1,"a text that is as long as it is"]') : Buffer.from([0x92, 9, 1]);
  const parts: Buffer[] = [];
  for (let at = 0; at < whole.length;) {
    const size = Math.min(whole.length - at, dice.below(12));
    parts.push(whole.subarray(at, at + size));
    at += size;
  }
  const frames = parts.flatMap((part, index) => [
    clientFrame(index > 0 ? opcodes.continuation : codec === 'json' ? opcodes.text : opcodes.binary, part, {
      fin: index === parts.length - 1,
      key: dice.bytes(4),
    }),
    ...(dice.chance(0.2) ? [clientFrame(opcodes.ping, Buffer.from('between'), { key: dice.bytes(4) })] : []),
  ]);
  const bytes = Buffer.concat(frames);
  const size = dice.pick([1, 1, 2, 3, 7]);
  return {
    what: `${parts.length} fragments in writes of ${size} bytes`,
    writes: Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    ),
    frames: frames.length,
    outcome: stays,
  };
}

export const fragments: AttackClass = {
  threat: 'T14',
  name: 'fragments and chunks',
  share: 0.12,
  least: 8,
  visit(dice, number) {
    const codec = eitherCodec(dice);
    if (number % 3 === 0)
      return {
        stage: eitherStage(dice),
        codec,
        ...visitor(dice, number),
        attacks: [flood(number % 2 === 0 ? 'x' : '', dice.pick([opcodes.text, opcodes.binary]))],
      };
    const visit = visitOf(dice, number, 'talking', codec, () => pieces(dice, codec));
    // What is whole takes its turn behind what came in pieces.
    return {
      ...visit,
      attacks: [
        ...visit.attacks.slice(0, 4),
        { what: 'a whole message', writes: [message(dice, codec, [9, 1])], frames: 1, outcome: stays },
      ],
    };
  },
};
