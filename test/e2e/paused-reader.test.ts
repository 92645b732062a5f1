// A reader that stops reading beside fifty that do not: what it costs the server, what the others notice of it, and what becomes of it.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { bundle } from '../support/bundle.mjs';
import type { Heard, ReadersOrders } from '../support/server/light-readers.js';
import type { Cost } from '../support/server/measured-server.js';
import { roomReader, type RoomReader } from '../support/server/room-reader.js';
import { startServer, type ServerProcess } from '../support/server/server-process.js';
import { sized } from '../support/sizes.js';

const MiB = 2 ** 20;
/** What the server says in the room: 2 MB a second, in `npm test` in fewer messages. */
const pace = { room: 'busy', ...sized({ rate: 400, bytes: 5_120 }, { rate: 2_000, bytes: 1_024 }) };
/** Entries of the log: eight seconds of that. */
const kept = pace.rate * 8;
/** How much of the CPU's time the server's event loop may take to come round while one pauses: 50 ms, and this times what it took anyway. */
const mayTake = 4;

let programs: Awaited<ReturnType<typeof bundle>>;
let server: ServerProcess;
let readers: ChildProcess;
beforeAll(async () => {
  programs = await bundle(['test/support/server/measured-server.ts', 'test/support/server/light-readers.ts']);
});
afterAll(() => programs.remove());
beforeEach(async () => {
  const [serverProgram = '', readersProgram = ''] = programs.files;
  server = await startServer(serverProgram, { rooms: { busy: { history: kept } } });
  const orders: ReadersOrders = { port: server.port, room: pace.room, count: 50 };
  readers = fork(readersProgram, [JSON.stringify(orders)]);
  await once(readers, 'message');
});
afterEach(() => {
  readers.kill('SIGKILL');
  server.stop();
});

/** The one that pauses: it notes every offset that it hears, and joins again where it is told to. */
interface Paused extends RoomReader {
  /** What it heard since it joined last, in order. */
  readonly offsets: readonly number[];
  /** Opcodes of frames that are no messages. */
  readonly told: readonly number[];
  /** What it had heard when it was told `reset`. */
  readonly before: readonly (readonly number[])[];
  /** Resolves once it has heard this offset. */
  until(offset: number): Promise<void>;
}

async function pausedReader(): Promise<Paused> {
  let offsets: number[] = [];
  const told: number[] = [];
  const before: number[][] = [];
  const waiting = new Set<() => void>();
  const reader = roomReader(server.port, 'the-one-that-pauses', pace.room, (message) => {
    for (const line of message.toString('latin1').split('\n')) {
      const [, opcode, offset] = /^\[(\d+),(?:"busy",\[(\d+))?/.exec(line) ?? [];
      if (opcode === '25') {
        offsets.push(Number(offset));
        continue;
      }
      told.push(Number(opcode));
      if (opcode === '9') reader.say([10, 0]);
      if (opcode === '30') {
        before.push([...offsets]);
        reader.say([2, pace.room, null, 0, null]);
      }
      // What came on the way between the two is of no place in the log.
      if (opcode === '21') offsets = [];
    }
    for (const look of waiting) look();
  });
  const until = (check: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!check()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  await until(() => told.includes(21));
  return {
    ...reader,
    told,
    before,
    get offsets() {
      return offsets;
    },
    until: (offset) => until(() => (offsets.at(-1) ?? 0) >= offset),
  };
}

/** Where numbers that should follow one another do not: none, or the first two. */
function hole(offsets: readonly number[]): readonly (number | undefined)[] | null {
  const at = offsets.findIndex((offset, index) => index > 0 && offset !== (offsets[index - 1] ?? 0) + 1);
  return at < 0 ? null : [offsets[at - 1], offsets[at]];
}

/** What the fifty heard since they were asked before, once it is so many messages. */
async function heard(messages: number): Promise<Heard> {
  readers.send(messages);
  const [it] = (await once(readers, 'message')) as [Heard];
  return it;
}

/** The server says what it says in so many seconds, while one reader pauses if one is named. What it cost, and how late the fifty heard of it. */
async function phase(
  name: string,
  seconds: number,
  pausing?: Paused,
): Promise<{ readonly cost: Cost; readonly heard: Heard; readonly last: number }> {
  await heard(0);
  pausing?.socket.pause();
  const talked = await server.talk({ ...pace, seconds });
  // The fifty hear all of it while the one still pauses.
  const byFifty = await heard((talked.last - talked.first + 1) * 50);
  // What is held for it meanwhile. Garbage is collected first: how late that comes by itself is the machine's affair.
  const cost = await server.measure(true);
  pausing?.socket.resume();
  const its = { cost, heard: byFifty, last: talked.last };
  const { latency } = byFifty;
  console.log(
    `${name}: ${Math.round((talked.last - talked.first + 1) / talked.seconds)} messages a second to 51 members for ${talked.seconds.toFixed(1)} s; the server holds ${Math.round(cost.heap / MiB)} MiB, a turn takes ${cost.turn.toFixed(0)} ms of CPU at worst; the fifty: p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms, at worst ${latency.max.toFixed(0)} ms`,
  );
  return its;
}

test('T21 a reader that pauses costs the server at most 32 MiB, holds up no other, and then has every message in order, or is told reset', async () => {
  const paused = await pausedReader();
  // What a process needs anyway once it is at work, and the log to its full length.
  await phase('at first', 8);
  const before = await phase('all read', 8);

  // The log still holds all of it.
  const short = await phase('one pauses for 6 s', 6, paused);
  await paused.until(short.last);
  expect([paused.offsets[0], paused.offsets.length, hole(paused.offsets), paused.before]).toEqual([
    1,
    short.last,
    null,
    [],
  ]);
  // It did fall behind.
  expect(paused.told).toContain(29);

  // More than the log holds.
  const long = await phase('one pauses for 20 s', 20, paused);
  // It is told to join again, and hears what is said from then on.
  await expect.poll(() => paused.told.filter((opcode) => opcode === 21)).toHaveLength(2);
  const after = await phase('it is back', 1);
  await paused.until(after.last);
  // Nothing was missing up to the reset, nor from where it joined again.
  expect([
    paused.before.length,
    paused.before[0]?.[0],
    hole(paused.before[0] ?? []),
    hole(paused.offsets),
  ]).toEqual([1, 1, null, null]);
  expect(paused.offsets[0]).toBeGreaterThan(paused.before[0]?.at(-1) ?? 0);

  for (const { cost, heard: its } of [short, long]) {
    expect(cost.heap - before.cost.heap).toBeLessThan(32 * MiB);
    expect(cost.turn).toBeLessThan(50 + mayTake * before.cost.turn);
    expect(its.gone).toBe(0);
  }
  expect(before.heard.messages).toBe(8 * pace.rate * 50);
  expect(long.cost.lines).toEqual([]);
  paused.socket.destroy();
});
