// Appends of one turn of the event loop to one room leave in one script call: one at a time was measured at a quarter of the pace.
import { randomBytes } from 'node:crypto';
import type { Append, Appended } from '../../broker.js';
import type { Calls } from './calls.js';
import type { Keys } from './keys.js';
import { outcomeOf } from './outcome.js';
import { append as script } from './scripts.js';
import { inside, write } from './wire.js';

interface Waiting {
  readonly it: Append;
  readonly resolve: (outcome: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export interface Appends {
  add(it: Append): Promise<Appended>;
  /** What waits for a room leaves now: what is asked of the room next comes after it. */
  flush(room: string): void;
  flushAll(): void;
}

interface AppendPorts {
  readonly calls: Calls;
  readonly keys: Keys;
  /** The arguments that every script of a room begins with. */
  readonly begin: () => readonly (string | number)[];
  readonly life: number;
  readonly settledLimit: number;
}

/** Messages in one call: a script holds up everybody else for as long as it runs. */
const most = 256;

const argumentsOf = ({ producer, seq, id, follows, sender, type, version, data, result, log }: Append): readonly (string | number)[] => [
  producer === null ? 0 : 1, seq, id, follows, randomBytes(6).toString('base64url'), inside([id]), write([sender, type, version, data]).slice(1), inside([result]), log.limit, log.ttl,
];

export function createAppends({ calls, keys, begin, life, settledLimit }: AppendPorts): Appends {
  const rooms = new Map<string, Waiting[]>();
  let scheduled = false;

  async function send(room: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const of = [keys.meta(room), keys.log(room), ...batch.map(({ it }) => keys.producer(room, it.producer ?? ''))];
      const args = [...begin(), keys.channel(room), settledLimit, life, batch.length, ...batch.flatMap(({ it }) => argumentsOf(it))];
      const replies = (await calls.script(script, of, args)) as string[][];
      for (const [at, { it, resolve }] of batch.entries()) {
        const outcome = outcomeOf(replies[at] ?? [], it);
        resolve(outcome.status === 'duplicate' ? { ...outcome, result: outcome.result ?? null } : outcome);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function flush(room: string): void {
    const batch = rooms.get(room);
    if (!batch) return;
    rooms.delete(room);
    for (let from = 0; from < batch.length; from += most) void send(room, batch.slice(from, from + most));
  }

  function flushAll(): void {
    scheduled = false;
    for (const room of rooms.keys()) flush(room);
  }

  return {
    add: (it) => new Promise((resolve, reject) => {
      const waiting = rooms.get(it.room);
      if (waiting) waiting.push({ it, resolve, reject });
      else rooms.set(it.room, [{ it, resolve, reject }]);
      if (scheduled) return;
      scheduled = true;
      setImmediate(flushAll);
    }),
    flush,
    flushAll,
  };
}
