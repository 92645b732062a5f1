// Frames that were right before a few of their bytes were changed, taken out or doubled: most are malformed, some are frames all the same.
import { clientTuple } from '../../src/protocol/parse.js';
import type { ClientFrame } from '../../src/protocol/frames.js';
import { clientFrame, opcodes } from '../support/network/websocket-frames.js';
import {
  closes,
  codecs,
  pit,
  stays,
  visitOf,
  waits,
  type AttackClass,
  type CodecName,
  type Outcome,
  type Visit,
} from './attack.js';
import type { Dice } from './dice.js';
import { codesOf, textOf, type Speaker } from './oracle.js';

/** One of each. */
const examples = ({ session, user }: Pick<Visit, 'session' | 'user'>): readonly ClientFrame[] => [
  { type: 'hello', session, instance: 'i', token: user, takeover: false, client: 'mutant' },
  { type: 'join', room: pit, position: ['epoch', 1, 'tag'], history: 5, presence: { at: [1, 2] } },
  { type: 'leave', room: pit },
  {
    type: 'send',
    room: pit,
    seq: 1,
    id: 'x',
    message: 'm',
    version: 1,
    data: { text: 'hi', n: 1.5, deep: [[null, true]] },
    follows: null,
  },
  { type: 'broadcast', room: pit, message: 'm', version: 1, data: 'hi' },
  { type: 'presence', room: pit, patch: { at: null } },
  { type: 'history', ref: 1, room: pit, before: null, limit: 5 },
  { type: 'auth', token: user },
  { type: 'ping', time: 1 },
  { type: 'pong', time: 1 },
];

/** Bytes with one to three changes. In text the new ones are ASCII, so that it is text still. */
export function mutated(dice: Dice, whole: Uint8Array, ascii: boolean): Buffer {
  const bytes = [...whole];
  for (let changes = 1 + dice.below(3); changes > 0 && bytes.length > 0; changes--) {
    const at = dice.below(bytes.length);
    if (dice.chance(0.3)) bytes.splice(at, 1 + dice.below(4));
    else if (dice.chance(0.4))
      bytes.splice(at, 0, ...bytes.slice(dice.below(bytes.length)).slice(0, 1 + dice.below(6)));
    else bytes[at] = ascii ? 32 + dice.below(95) : dice.below(256);
  }
  return Buffer.from(bytes);
}

export const outcomeOf = (speaker: Speaker, codes: readonly number[]): Outcome =>
  codes.length > 0 ? closes(...codes) : speaker.user === null ? waits : stays;

const mutants = (codec: CodecName, threat: string, name: string): AttackClass => ({
  threat,
  name,
  share: 0.17,
  least: 200,
  visit(dice, number) {
    const stage = dice.chance(0.25) ? 'upgraded' : 'talking';
    let speaker: Speaker | null = null;
    return visitOf(dice, number, stage, codec, (turn, who) => {
      speaker ??= { codec, user: stage === 'talking' ? who.user : null };
      const [hello, ...others] = examples(who);
      const frame = (speaker.user === null ? hello : dice.pick(others)) as ClientFrame;
      const { encode, binary } = codecs[codec];
      const bytes = mutated(dice, Buffer.from(encode(clientTuple(frame))), !binary);
      const codes = codesOf(speaker, binary ? bytes : (textOf(bytes) ?? ''));
      return {
        what: `${frame.type} ${turn}: ${bytes.toString('latin1')}`,
        writes: [clientFrame(binary ? opcodes.binary : opcodes.text, bytes, { key: dice.bytes(4) })],
        frames: 1,
        outcome: outcomeOf(speaker, codes),
      };
    });
  },
});

export const messagePackMutants = mutants('msgpack', 'T10', 'mutated MessagePack');
export const jsonMutants = mutants('json', 'T11', 'mutated JSON');
