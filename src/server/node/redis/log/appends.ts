// Appends of one turn of the event loop to one room leave in one script call. One call each was measured at a
// quarter of the speed.
import type { Append, Appended } from '../../../broker/broker.js';
import { maxPortionValues, countValues } from '../../../util/frame-splitting.js';
import type { ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import { decodeAppendReply } from './append-reply.js';
import { randomText } from '../../system/random.js';
import { append as appendScript } from '../store/log-scripts.js';
import { encodeItems, encodeTuple } from '../store/wire.js';

interface WaitingAppend {
  readonly append: Append;
  readonly args: readonly (string | number)[];
  /** The characters that are stored, and the values in them, which a receiver's scan counts. */
  readonly size: number;
  readonly values: number;
  readonly resolve: (outcome: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export interface AppendBatches {
  addAppend(it: Append): Promise<Appended>;
  /** Sends the appends that wait for a room now, so that the next call for the room comes after them. */
  flushRoom(room: string): void;
  flushAll(): void;
}

interface AppendPorts {
  readonly runner: ScriptRunner;
  readonly keys: RedisKeys;
  /** The arguments that every script of a room begins with. */
  readonly roomArguments: () => readonly (string | number)[];
  readonly roomLifeMs: number;
  readonly maxOutcomes: number;
}

/** This many messages leave before the turn is over. */
const flushAtCount = 32;
/** The messages in one call, at most, and their bytes: a script holds up all other callers while it runs. */
const maxBatchMessages = 256;
const maxBatchBytes = 2 ** 20;

/** The longest that a log is kept, in ms. Redis does not count further. */
const maxTtlMs = 1e13;

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
  encodeItems([id]),
  encodeTuple([sender, type, version, data]).slice(1),
  encodeItems([result]),
  log.limit,
  Math.ceil(Math.min(log.ttl, maxTtlMs)),
];

export function createAppendBatches({
  runner,
  keys,
  roomArguments,
  roomLifeMs,
  maxOutcomes,
}: AppendPorts): AppendBatches {
  const waitingByRoom = new Map<string, WaitingAppend[]>();
  let scheduled = false;

  async function sendBatch(room: string, batch: readonly WaitingAppend[]): Promise<void> {
    try {
      const producers = new Map<string, string>();
      for (const {
        append: { producer },
      } of batch)
        if (!producers.has(producer ?? ''))
          producers.set(producer ?? '', keys.producer(room, producer ?? ''));
      const of = [
        keys.meta(room),
        keys.log(room),
        ...batch.map(({ append }) => producers.get(append.producer ?? '') as string),
      ];
      const args = [
        ...roomArguments(),
        keys.channel(room),
        maxOutcomes,
        roomLifeMs,
        batch.length,
        ...batch.flatMap(({ args: its }) => its),
      ];
      const replies = (await runner.script(appendScript, of, args)) as string[][];
      for (const [at, { append, resolve }] of batch.entries()) {
        resolve(decodeAppendReply(replies[at] ?? [], append));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function flushRoom(room: string): void {
    const batch = waitingByRoom.get(room);
    if (!batch) return;
    waitingByRoom.delete(room);
    let from = 0;
    let size = 0;
    let values = 0;
    for (const [at, it] of batch.entries()) {
      if (
        at > from &&
        (at - from === maxBatchMessages ||
          size + it.size > maxBatchBytes ||
          values + it.values > maxPortionValues)
      ) {
        void sendBatch(room, batch.slice(from, at));
        [from, size, values] = [at, 0, 0];
      }
      size += it.size;
      values += it.values;
    }
    void sendBatch(room, batch.slice(from));
  }

  function flushAll(): void {
    scheduled = false;
    for (const room of waitingByRoom.keys()) flushRoom(room);
  }

  return {
    addAppend: (it) =>
      new Promise((resolve, reject) => {
        const args = argumentsOf(it);
        const mine: WaitingAppend = {
          append: it,
          args,
          size: String(args[6]).length + String(args[7]).length,
          values: countValues(it.data),
          resolve,
          reject,
        };
        const waiting = waitingByRoom.get(it.room);
        if (waiting) {
          waiting.push(mine);
          // Redis works on the first of them while the others are made.
          if (waiting.length >= flushAtCount) flushRoom(it.room);
        } else waitingByRoom.set(it.room, [mine]);
        if (scheduled) return;
        scheduled = true;
        setImmediate(flushAll);
      }),
    flushRoom,
    flushAll,
  };
}
