// Appends of one turn of the event loop to one room leave in one script call: one at a time was measured at a quarter of the pace.
import type { Append, Appended } from '../../../broker/broker.js';
import { portion, valuesIn } from '../../../util/frame-splitting.js';
import type { Calls } from '../client/script-runner.js';
import type { Keys } from '../store/keys.js';
import { outcomeOf } from './append-reply.js';
import { randomText } from '../../system/random.js';
import { append as script } from '../store/scripts.js';
import { inside, write } from '../store/wire.js';

interface Waiting {
  readonly it: Append;
  readonly args: readonly (string | number)[];
  /** Characters of what is to be kept, and values in it, which whoever hears it counts before it is read. */
  readonly size: number;
  readonly values: number;
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

/** Messages that leave before the turn is over. */
const soon = 32;
/** Messages in one call, and bytes of them: a script holds up everybody else for as long as it runs. */
const most = 256;
const mostBytes = 2 ** 20;

/** The longest that a log is kept, in ms: beyond it Redis counts no more. */
const longest = 1e13;

const argumentsOf = ({
  producer,
  seq,
  id,
  follows,
  sender,
  type,
  version,
  data,
  result,
  log,
}: Append): readonly (string | number)[] => [
  producer === null ? 0 : 1,
  seq,
  id,
  follows,
  randomText(6),
  inside([id]),
  write([sender, type, version, data]).slice(1),
  inside([result]),
  log.limit,
  Math.ceil(Math.min(log.ttl, longest)),
];

export function createAppends({ calls, keys, begin, life, settledLimit }: AppendPorts): Appends {
  const rooms = new Map<string, Waiting[]>();
  let scheduled = false;

  async function send(room: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const producers = new Map<string, string>();
      for (const {
        it: { producer },
      } of batch)
        if (!producers.has(producer ?? ''))
          producers.set(producer ?? '', keys.producer(room, producer ?? ''));
      const of = [
        keys.meta(room),
        keys.log(room),
        ...batch.map(({ it }) => producers.get(it.producer ?? '') as string),
      ];
      const args = [
        ...begin(),
        keys.channel(room),
        settledLimit,
        life,
        batch.length,
        ...batch.flatMap(({ args: its }) => its),
      ];
      const replies = (await calls.script(script, of, args)) as string[][];
      for (const [at, { it, resolve }] of batch.entries()) {
        resolve(outcomeOf(replies[at] ?? [], it));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function flush(room: string): void {
    const batch = rooms.get(room);
    if (!batch) return;
    rooms.delete(room);
    let from = 0;
    let size = 0;
    let values = 0;
    for (const [at, it] of batch.entries()) {
      if (at > from && (at - from === most || size + it.size > mostBytes || values + it.values > portion)) {
        void send(room, batch.slice(from, at));
        [from, size, values] = [at, 0, 0];
      }
      size += it.size;
      values += it.values;
    }
    void send(room, batch.slice(from));
  }

  function flushAll(): void {
    scheduled = false;
    for (const room of rooms.keys()) flush(room);
  }

  return {
    add: (it) =>
      new Promise((resolve, reject) => {
        const args = argumentsOf(it);
        const mine: Waiting = {
          it,
          args,
          size: String(args[6]).length + String(args[7]).length,
          values: valuesIn(it.data),
          resolve,
          reject,
        };
        const waiting = rooms.get(it.room);
        if (waiting) {
          waiting.push(mine);
          // Redis is at the first of them while the others are made.
          if (waiting.length >= soon) flush(it.room);
        } else rooms.set(it.room, [mine]);
        if (scheduled) return;
        scheduled = true;
        setImmediate(flushAll);
      }),
    flush,
    flushAll,
  };
}
