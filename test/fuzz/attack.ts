// What an attack is: bytes, and what has to come of them.
import { json } from '../../src/protocol/codec.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { clientFrame, opcodes } from '../support/network/websocket-frames.js';
import type { Dice } from './dice.js';

/** What the server has to do about it. */
export type Outcome =
  /** It closes with one of these codes; null: it may cut the connection without a word. */
  | { readonly type: 'closes'; readonly codes: readonly (number | null)[] }
  /** Legal, or nothing to do about: it answers what comes next. */
  | { readonly type: 'stays' }
  /** Something is missing: it waits for that, and ends the connection for its silence. */
  | { readonly type: 'waits' }
  /** No WebSocket comes of it: an HTTP answer that says so, or none, and the end. */
  | { readonly type: 'refused' }
  /** We reset it ourselves. */
  | { readonly type: 'reset' };

export interface Attack {
  /** Its name in a finding. */
  readonly what: string;
  /** Each is a write of its own. */
  readonly writes: readonly Uint8Array[];
  /** How many frames that is. */
  readonly frames: number;
  readonly outcome: Outcome;
  /** What has to be in the answer. */
  readonly answer?: string;
  /** Whether nothing is read before all is written. */
  readonly unread?: boolean;
}

/** How far a visitor behaves before it attacks: not at all; it is a WebSocket; it has said hello and is in the room. */
export type Stage = 'connected' | 'upgraded' | 'talking';
export type CodecName = 'json' | 'msgpack';

/** One connection: attacks one after the other, as long as it stays. */
export interface Visit {
  readonly stage: Stage;
  readonly codec: CodecName;
  readonly session: string;
  readonly user: string;
  /** Further lines of the upgrade. */
  readonly lines?: readonly string[];
  /** Whether it answers the server's close. Default true. */
  readonly answers?: boolean;
  readonly attacks: readonly Attack[];
}

/** Attacks of one kind. */
export interface AttackClass {
  /** Its rows in the threat table. */
  readonly threat: string;
  readonly name: string;
  /** Its part of all frames. */
  readonly share: number;
  /** Visits there are at least, however few frames are asked for: each number is another one. */
  readonly least: number;
  visit(dice: Dice, number: number): Visit;
}

export const closes = (...codes: readonly (number | null)[]): Outcome => ({ type: 'closes', codes });
export const stays: Outcome = { type: 'stays' };
export const waits: Outcome = { type: 'waits' };
export const refused: Outcome = { type: 'refused' };
export const reset: Outcome = { type: 'reset' };

/** The room that attackers are in, some good clients with them. */
export const pit = 'pit';
export const codecs = { json: json(), msgpack: msgpack() } as const;

/** Tuples as one WebSocket message of that codec, masked as the dice say. */
export function message(dice: Dice, codec: CodecName, ...tuples: readonly (readonly unknown[])[]): Buffer {
  const { encode, join, binary } = codecs[codec];
  const whole = join(tuples.map((tuple) => encode(tuple).slice()));
  return clientFrame(binary ? opcodes.binary : opcodes.text, Buffer.from(whole), { key: dice.bytes(4) });
}

/** Who a visitor is. Nobody is anybody else. */
export const visitor = (dice: Dice, number: number): Pick<Visit, 'session' | 'user'> => ({
  session: `session-${number}-${dice.bytes(9).toString('base64url')}`,
  user: `mallory-${number}-${dice.below(1e9)}`,
});

/** A connection on which attacks are made until one ends it, twenty at most. */
export function visitOf(
  dice: Dice,
  number: number,
  stage: Stage,
  codec: CodecName,
  make: (turn: number, who: Pick<Visit, 'session' | 'user'>) => Attack,
): Visit {
  const who = visitor(dice, number);
  const attacks: Attack[] = [];
  do attacks.push(make(attacks.length, who));
  while (attacks.length < 20 && attacks.at(-1)?.outcome.type === 'stays');
  return { stage, codec, ...who, attacks };
}

export const eitherCodec = (dice: Dice): CodecName => dice.pick(['json', 'msgpack']);
export const eitherStage = (dice: Dice): 'upgraded' | 'talking' => dice.pick(['upgraded', 'talking']);
