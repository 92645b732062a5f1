// A server that greets a client as it should, and then says what no server may: the same bombs the other way round.
import { WebSocketServer, type WebSocket } from 'ws';
import type { Encoded } from '../../src/protocol/codec.js';
import { defaultLimits } from '../../src/protocol/limits.js';
import { parseServerFrame, serverTuple } from '../../src/protocol/parse.js';
import type { ServerFrame } from '../../src/protocol/frames.js';
import { clientFrame } from '../support/network/websocket-frames.js';
import { codecs, pit, type CodecName } from './attack.js';
import { bombFrame, bombNames } from './bombs.js';
import { diceOf, type Dice } from './dice.js';
import { hellMessages, hellPayloads } from './json-hell.js';
import { mutated } from './mutants.js';

export interface RogueOrders {
  readonly bombs: number;
  readonly seed: number;
}

export interface RogueReport {
  readonly bombs: number;
  /** How many of them the client ended the connection for, by its code. */
  readonly ends: Readonly<Record<string, number>>;
  readonly wrongs: number;
  readonly wrong: readonly string[];
}

/** What it says, and what has to come of it: the end of the connection; nothing; or either, where it is a frame that may end it. */
interface Bomb {
  readonly what: string;
  /** A message of the codec, or bytes that are no WebSocket at all. */
  readonly message: string | Uint8Array | null;
  readonly raw?: Uint8Array;
  readonly ends: 'with 4400' | 'somehow' | 'not' | 'perhaps';
}

const { bombs, seed } = JSON.parse(process.argv[2] ?? '{}') as RogueOrders;
const user = { id: 'victim' };

const right: readonly ServerFrame[] = [
  {
    type: 'message',
    room: pit,
    entry: [1, 't1', 't0', 'm1', 1, ['somebody', { id: 'somebody' }], 'hell', 1, { a: [1] }],
  },
  { type: 'broadcast', room: pit, sender: ['somebody', null], message: 'hell', version: 1, data: 'hi' },
  {
    type: 'presence',
    room: pit,
    joined: [['somebody', null, { a: 1 }]],
    left: ['x'],
    changed: [['somebody', { a: null }]],
  },
  { type: 'ack', room: pit, epoch: 'e', receipts: [[1, 1, 1, false, null]] },
  { type: 'nack', room: pit, seq: 1, code: 'rejected', after: null, reason: 'no', details: null },
  {
    type: 'joined',
    room: pit,
    position: ['e', 0, 't0'],
    recovered: false,
    why: null,
    messages: [],
    members: [['somebody', null, null]],
    last: 0,
    more: false,
  },
  { type: 'history', ref: 1, messages: [], more: false },
  { type: 'lag', room: pit },
  { type: 'reset', room: pit, why: 'trimmed' },
  { type: 'auth', expires: null },
  { type: 'expiring', within: 1_000 },
  { type: 'error', ref: 9, code: 'rejected', reason: 'no' },
  { type: 'ping', time: 1 },
  { type: 'pong', time: 1 },
];

/** Frames of WebSocket that no server may write. */
const frames: readonly (readonly [string, (dice: Dice) => Buffer])[] = [
  [
    'a reserved bit',
    (dice) =>
      clientFrame(1, Buffer.from('[9,1]'), { masked: false, reserved: dice.pick([0x10, 0x20, 0x40]) }),
  ],
  [
    'a reserved opcode',
    (dice) => clientFrame(dice.pick([3, 7, 11, 15]), Buffer.from('x'), { masked: false }),
  ],
  ['a mask', () => clientFrame(1, Buffer.from('[9,1]'))],
  ['a text that is none', () => clientFrame(1, Buffer.from([0xff, 0xfe]), { masked: false })],
  [
    'a close with a code that is none',
    (dice) => clientFrame(8, Buffer.from([0, dice.below(256)]), { masked: false }),
  ],
  ['a length beyond numbers', () => clientFrame(1, Buffer.from('x'), { masked: false, claims: 2n ** 63n })],
  ['a length beyond memory', () => clientFrame(1, Buffer.from('x'), { masked: false, claims: 2 ** 40 })],
  [
    'fragments without end',
    () =>
      Buffer.concat([
        clientFrame(1, Buffer.from('x'), { masked: false, fin: false }),
        ...Array.from({ length: 20_000 }, () =>
          clientFrame(0, Buffer.from('x'), { masked: false, fin: false }),
        ),
      ]),
  ],
];

/** Around a bomb that a client decodes: nothing, a message in the room, a frame of a later version. */
const around: readonly (() => Uint8Array)[] = [
  () => new Uint8Array(),
  () =>
    Buffer.from([
      0x93,
      25,
      0xa3,
      ...Buffer.from(pit),
      0x99,
      1,
      0xa2,
      ...Buffer.from('t1'),
      0xa2,
      ...Buffer.from('t0'),
      0xa1,
      0x6d,
      1,
      0xc0,
      0xa1,
      0x6d,
      1,
    ]),
  () => Buffer.from([0x92, 77]),
];

function isMalformed(codec: CodecName, message: Encoded): boolean {
  try {
    codecs[codec].decode(message).forEach((tuple) => parseServerFrame(tuple));
    return false;
  } catch {
    return true;
  }
}

function bombOf(number: number, codec: CodecName): Bomb {
  const dice = diceOf(seed, 'client', number);
  const { encode, binary } = codecs[codec];
  const roll = dice.below(10);
  if (roll === 0) {
    const [what, raw] = dice.pick(frames);
    return { what, message: null, raw: raw(dice), ends: 'somehow' };
  }
  if (roll < 5) {
    const frame = dice.pick(right);
    const bytes = mutated(dice, Buffer.from(encode(serverTuple(frame))), !binary);
    const message = binary ? bytes : bytes.toString();
    return {
      what: `${frame.type}: ${bytes.toString('latin1')}`,
      message,
      ends: isMalformed(codec, message) ? 'with 4400' : 'perhaps',
    };
  }
  if (codec === 'msgpack') {
    const name = bombNames[number % bombNames.length] ?? '';
    return { what: name, message: bombFrame(dice, name, around), ends: 'with 4400' };
  }
  if (roll < 7) {
    const [what, text] = dice.pick(hellPayloads);
    return { what: `payload: ${what}`, message: `[26,"${pit}",null,"hell",1,${text(dice)}]`, ends: 'not' };
  }
  const [what, text] = hellMessages[number % hellMessages.length] ?? ['', () => ''];
  const message = text(dice);
  // What is malformed from a client may be unknown from a server, and the reverse.
  return { what, message, ends: isMalformed(codec, message) ? 'with 4400' : 'not' };
}

/** Of each codec every other number, so that what is said does not depend on who is faster. */
const turns: Record<CodecName, number> = { json: 0, msgpack: 1 };
let said = 0;
let wrongs = 0;
let done = false;
const wrong: string[] = [];
const ends: Record<string, number> = {};
const sockets = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: false,
  maxPayload: 2 ** 20,
});

/** Said, and nothing came of it yet. */
let open = 0;

function finish(): void {
  if (done || Math.min(turns.json, turns.msgpack) < bombs || open > 0) return;
  done = true;
  const report: RogueReport = { bombs: said, ends, wrongs, wrong };
  process.send?.(report);
}

function serve(socket: WebSocket, stream: { write(bytes: Uint8Array): unknown }): void {
  const codec: CodecName = socket.protocol === 'roomful.v1.msgpack' ? 'msgpack' : 'json';
  const { encode, decode, join, binary } = codecs[codec];
  /** What was said last, and the ping behind it that would be answered. */
  let last: { readonly bomb: Bomb; readonly number: number; readonly probe: number } | null = null;
  let watch: NodeJS.Timeout | undefined;
  /** Whether something was said that may take its effect later: another expiry of the token, a wish that it goes elsewhere. */
  let unsettled = false;
  const complain = (what: string): void => {
    wrongs++;
    if (last && wrong.length < 10)
      wrong.push(`bomb ${last.number}, ${codec}: ${last.bomb.what.slice(0, 200)}: ${what}`);
  };
  const say = (...tuples: readonly (readonly unknown[])[]): void => {
    socket.send(join(tuples.map((tuple) => encode(tuple).slice())), { binary });
  };
  const next = (): void => {
    clearTimeout(watch);
    if (last) open--;
    last = null;
    if (turns[codec] >= bombs) return finish();
    const number = turns[codec];
    turns[codec] += 2;
    said++;
    open++;
    const bomb = bombOf(number, codec);
    last = { bomb, number, probe: 1_000_000 + number };
    unsettled ||= bomb.ends === 'perhaps';
    if (bomb.raw) stream.write(bomb.raw);
    else if (bomb.message !== null) socket.send(bomb.message, { binary: typeof bomb.message !== 'string' });
    if (bomb.ends === 'not' || bomb.ends === 'perhaps') say([9, last.probe]);
    watch = setTimeout(() => {
      complain('nothing came of it');
      socket.terminate();
    }, 3_000);
  };

  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer, isBinary) => {
    for (const tuple of decode(isBinary ? data : data.toString()) as (readonly unknown[])[]) {
      const [opcode, room, field] = tuple;
      if (opcode === 1) {
        say([20, 'victim-member', [25_000, 35_000], defaultLimits, Date.now(), 'rogue', null, user]);
        // Behind the hello its joins come in the same message, or not at all.
        setImmediate(next);
      } else if (opcode === 2) say([21, room, ['e', 0, 't0'], false, null, [], [], 0, false]);
      else if (opcode === 4) say([23, room, 'e', [[field, 1, Date.now(), false, null]]]);
      else if (opcode === 9) say([10, room]);
      else if (opcode === 10 && last && room === last.probe) {
        if (last.bomb.ends === 'with 4400' || last.bomb.ends === 'somehow')
          complain('taken as if it were right');
        setImmediate(next);
      }
    }
  });
  socket.on('close', (code) => {
    clearTimeout(watch);
    if (!last) return;
    ends[code] = (ends[code] ?? 0) + 1;
    const moved = unsettled && [4000, 4011, 4401].includes(code);
    open--;
    if (!moved && (last.bomb.ends === 'not' || (last.bomb.ends === 'with 4400' && code !== 4400)))
      complain(`closed with ${code}`);
    finish();
  });
}

sockets.on('connection', (socket, request) => {
  serve(socket, request.socket);
});
sockets.on('listening', () => {
  const address = sockets.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.on('disconnect', () => {
  process.exit();
});
