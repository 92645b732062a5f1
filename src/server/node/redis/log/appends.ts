// Appends of one turn of the event loop to one room leave in one script call. One call each was measured at a
// quarter of the speed.
import type { Append, Appended } from '../../../broker/broker.js';
import { maxPortionValues, countValues } from '../../../util/frame-splitting.js';
import { randomText } from '../../system/random.js';
import type { ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import { append as appendScript } from '../store/log-scripts.js';
import { encodeItems, encodeTuple } from '../store/wire.js';
import { decodeAppendReply } from './append-reply.js';

interface WaitingAppend {
  readonly append: Append;
  readonly args: readonly (string | number)[];
  /** The characters that are stored, and the values in them, which a receiver's scan counts. */
  readonly size: number;
  readonly values: number;
  readonly resolve: (outcome: Appended) => void;
  readonly reject: (error: unknown) => void;
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

/** Whether a batch has no room for one more append. */
const isFull = (count: number, size: number, values: number): boolean =>
  count >= maxBatchMessages || size > maxBatchBytes || values > maxPortionValues;

/** Splits appends into batches for one call each. */
function splitIntoBatches(appends: readonly WaitingAppend[]): readonly (readonly WaitingAppend[])[] {
  const batches: WaitingAppend[][] = [];
  let batch: WaitingAppend[] = [];
  let size = 0;
  let values = 0;
  for (const waiting of appends) {
    if (batch.length > 0 && isFull(batch.length, size + waiting.size, values + waiting.values)) {
      batches.push(batch);
      batch = [];
      size = 0;
      values = 0;
    }
    batch.push(waiting);
    size += waiting.size;
    values += waiting.values;
  }
  batches.push(batch);
  return batches;
}

export class AppendBatches {
  private readonly ports: AppendPorts;
  private readonly waitingByRoom = new Map<string, WaitingAppend[]>();
  private isScheduled = false;

  constructor(ports: AppendPorts) {
    this.ports = ports;
  }

  /** Sends an append with the others of this turn to its room. */
  addAppend(append: Append): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const args = argumentsOf(append);
      this.add({
        append,
        args,
        size: String(args[6]).length + String(args[7]).length,
        values: countValues(append.data),
        resolve,
        reject,
      });
    });
  }

  /** Sends the appends that wait for a room now, so that the next call for the room comes after them. */
  flushRoom(room: string): void {
    const waiting = this.waitingByRoom.get(room);
    if (!waiting) return;
    this.waitingByRoom.delete(room);
    for (const batch of splitIntoBatches(waiting)) void this.sendBatch(room, batch);
  }

  flushAll(): void {
    this.isScheduled = false;
    for (const room of this.waitingByRoom.keys()) this.flushRoom(room);
  }

  private add(waiting: WaitingAppend): void {
    const { room } = waiting.append;
    const others = this.waitingByRoom.get(room);
    if (others) {
      others.push(waiting);
      // Redis works on the first of them while the others are made.
      if (others.length >= flushAtCount) this.flushRoom(room);
    } else this.waitingByRoom.set(room, [waiting]);
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.flushAll();
    });
  }

  private async sendBatch(room: string, batch: readonly WaitingAppend[]): Promise<void> {
    const { runner } = this.ports;
    try {
      const replies = await runner.script(
        appendScript,
        this.keysOf(room, batch),
        this.argumentsOf(room, batch),
      );
      for (const [index, { append, resolve }] of batch.entries())
        resolve(decodeAppendReply((replies as string[][])[index] ?? [], append));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  private keysOf(room: string, batch: readonly WaitingAppend[]): string[] {
    const { keys } = this.ports;
    const producerKeys = new Map<string, string>();
    const producerKeyOf = ({ append }: WaitingAppend): string => {
      const producer = append.producer ?? '';
      let key = producerKeys.get(producer);
      if (key === undefined) producerKeys.set(producer, (key = keys.producer(room, producer)));
      return key;
    };
    return [keys.meta(room), keys.log(room), ...batch.map(producerKeyOf)];
  }

  private argumentsOf(room: string, batch: readonly WaitingAppend[]): (string | number)[] {
    const { keys, roomArguments, maxOutcomes, roomLifeMs } = this.ports;
    const settings = [keys.channel(room), maxOutcomes, roomLifeMs, batch.length];
    return [...roomArguments(), ...settings, ...batch.flatMap(({ args }) => args)];
  }
}
