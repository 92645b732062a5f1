// Whoever says nothing, stops in the middle, or does not go: the server ends it in time.
import { upgradeHead } from '../support/network/raw-connection.js';
import { clientFrame, opcodes } from '../support/network/websocket-frames.js';
import { closes, message, visitor, waits, type AttackClass, type Visit } from './attack.js';
import type { Dice } from './dice.js';

type Silent = Pick<Visit, 'stage' | 'attacks'> & { readonly answers?: boolean };
const write = (what: string, bytes: Uint8Array | string): Silent['attacks'] => [
  { what, writes: [Buffer.from(bytes)], frames: 1, outcome: waits },
];

const kinds: readonly ((dice: Dice) => Silent)[] = [
  () => ({ stage: 'connected', attacks: write('a connection and no byte', '') }),
  (dice) => ({
    stage: 'connected',
    attacks: write('half a head', upgradeHead().slice(0, 1 + dice.below(100))),
  }),
  () => ({
    stage: 'connected',
    attacks: write(
      'a request whose body never comes',
      'POST /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n',
    ),
  }),
  () => ({
    stage: 'connected',
    attacks: write(
      'a request of plain HTTP, and nothing behind it',
      'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n',
    ),
  }),
  () => ({ stage: 'upgraded', attacks: write('an upgrade and no byte', '') }),
  () => ({
    stage: 'upgraded',
    attacks: write(
      'a hello whose end never comes',
      clientFrame(opcodes.text, Buffer.from('[1,"'), { claims: 1_000 }),
    ),
  }),
  () => ({
    stage: 'upgraded',
    attacks: write(
      'a hello whose last part never comes',
      clientFrame(opcodes.text, Buffer.from('[1,"'), { fin: false }),
    ),
  }),
  () => ({ stage: 'talking', attacks: write('nothing after a hello', '') }),
  () => ({
    stage: 'talking',
    attacks: write(
      'a frame whose end never comes',
      clientFrame(opcodes.text, Buffer.from('[9,'), { claims: 60_000 }),
    ),
  }),
  (dice) => ({
    stage: 'talking',
    answers: false,
    attacks: [
      {
        what: 'no answer to the close',
        writes: [message(dice, 'json', ['none'])],
        frames: 1,
        outcome: closes(4400),
      },
    ],
  }),
];

export const silent: AttackClass = {
  threat: 'T3 T19',
  name: 'silence',
  share: 0.003,
  least: kinds.length,
  visit(dice, number) {
    const { stage, attacks, answers = true } = (kinds[number % kinds.length] as (typeof kinds)[number])(dice);
    return { stage, codec: 'json', ...visitor(dice, number), answers, attacks };
  },
};
