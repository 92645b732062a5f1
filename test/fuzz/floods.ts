// More frames than a connection may send: those of WebSocket, those of Roomful, and those that are neither. What is answered is not read.
import { clientFrame, opcodes } from '../support/network/websocket-frames.js';
import { closes, eitherStage, visitor, type Attack, type AttackClass } from './attack.js';
import type { Dice } from './dice.js';

/** What the server of a run lets a connection send a second; twice as much at once. */
export const floodRate = 200;
/** Twice the burst, and what may be in flight when somebody is asked to wait, and more. */
const count = 2_500;

type Flood = readonly [
  what: string,
  codec: 'json' | 'msgpack',
  opcode: number,
  payload: (dice: Dice) => Uint8Array,
  codes: readonly (number | null)[],
  before?: boolean,
];
/** `ws` cuts whoever has 60 answers due at once, without a word. */
const answered: readonly (number | null)[] = [4429, null];

const kinds: readonly Flood[] = [
  ['pings', 'json', opcodes.ping, () => Buffer.alloc(0), answered, true],
  ['pings as large as they may be', 'json', opcodes.ping, () => Buffer.alloc(125), answered, true],
  ['pongs nobody asked for', 'msgpack', opcodes.pong, (dice) => dice.bytes(dice.below(126)), [4429], true],
  ['pings of Roomful', 'json', opcodes.text, () => Buffer.from('[9,1]'), [4429]],
  ['frames nobody knows', 'json', opcodes.text, () => Buffer.from('[77,1]'), [4429]],
  ['messages with nothing in them', 'msgpack', opcodes.binary, () => Buffer.alloc(0), [4400]],
  ['messages to a room', 'json', opcodes.text, () => Buffer.from('[5,"pit","flood",1,"hi"]'), [4429]],
];

export const floods: AttackClass = {
  threat: 'T15',
  name: 'floods',
  share: 0.12,
  least: kinds.length,
  visit(dice, number) {
    const [what, codec, opcode, payload, codes, before = false] = kinds[number % kinds.length] as Flood;
    const bytes = clientFrame(opcode, payload(dice), { key: dice.bytes(4) });
    const attack: Attack = {
      what: `${count} ${what}`,
      writes: [Buffer.concat(Array.from({ length: count }, () => bytes))],
      frames: count,
      outcome: closes(...codes),
      unread: true,
    };
    return {
      stage: before ? eitherStage(dice) : 'talking',
      codec,
      ...visitor(dice, number),
      attacks: [attack],
    };
  },
};
