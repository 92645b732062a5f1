// The producers of rooms in one process: the last seq of each, and the newest outcomes, within a bound of
// bytes.
import { memorySizeOf } from '../util/memory-size.js';
import type { Refusal } from './broker.js';
import {
  forgottenReason,
  producerInUseMs,
  maxIdleSessionsOf,
  maxOutcomeBytes,
  maxOutcomes,
  sessionLifeMs,
  userOfProducer,
} from './producer-name.js';

export interface AppendedOutcome {
  readonly offset: number;
  readonly timestamp: number;
  readonly result: unknown;
  readonly tag: string;
}

export interface SettledMessage {
  readonly id: string;
  readonly outcome: AppendedOutcome | { readonly refusal: Refusal };
}

interface Producer {
  readonly name: string;
  readonly user: string | null;
  readonly room: RoomProducers;
  last: number;
  usedAt: number;
  /** Until when the producer counts as in use. */
  usedUntil: number;
  /** The newest outcomes by seq. The oldest comes first. */
  readonly settled: Map<number, SettledMessage>;
  /**
   * The seqs of the outcomes, the oldest first. The iterator stays where it is: one that is made anew looks for the
   * oldest past all outcomes that were deleted.
   */
  readonly oldestSeqs: Iterator<number>;
  /** The memory that the producer takes, in bytes, without `payloadBytes`. */
  bytes: number;
  /** The memory that the results and details of its outcomes take, in bytes. */
  payloadBytes: number;
}

/** The memory of a producer beside its name, and of an outcome beside its id, in bytes. */
const producerBytes = 300;
const outcomeBytes = 200;

const payloadBytesOf = ({ outcome }: SettledMessage): number =>
  'refusal' in outcome
    ? outcome.refusal.reason.length + memorySizeOf(outcome.refusal.details)
    : memorySizeOf(outcome.result);

const outcomeBytesOf = ({ id }: SettledMessage): number => outcomeBytes + id.length;

/** The same outcome without its result, or without its reason and details. */
const withoutPayload = ({ id, outcome }: SettledMessage): SettledMessage => ({
  id,
  outcome:
    'refusal' in outcome
      ? { refusal: { code: outcome.refusal.code, reason: forgottenReason, details: null } }
      : { ...outcome, result: null },
});

/** The producers of one room. */
export class RoomProducers {
  readonly all: Map<string, Producer> = new Map();
  /** The producers that are not in use, by user. The one that is longest out of use comes first. */
  readonly idle: Map<string | null, Set<Producer>> = new Map();
  private readonly pool: MemoryProducers;

  constructor(pool: MemoryProducers) {
    this.pool = pool;
  }

  get size(): number {
    return this.all.size;
  }

  last(name: string): number {
    return this.all.get(name)?.last ?? 0;
  }

  /** The outcome of a seq. Undefined if it is not remembered. */
  outcome(name: string, seq: number): SettledMessage | undefined {
    return this.all.get(name)?.settled.get(seq);
  }

  settle(name: string, seq: number, settled: SettledMessage): void {
    const { pool } = this;
    let producer = this.all.get(name);
    if (!producer) {
      const outcomes = new Map<number, SettledMessage>();
      producer = {
        name,
        user: userOfProducer(name),
        room: this,
        last: 0,
        usedAt: 0,
        usedUntil: pool.now() + producerInUseMs,
        settled: outcomes,
        oldestSeqs: outcomes.keys(),
        bytes: producerBytes + name.length,
        payloadBytes: 0,
      };
      this.all.set(name, producer);
      pool.bytes += producer.bytes;
    }
    producer.last = seq;
    producer.usedAt = pool.now();
    producer.settled.set(seq, settled);
    pool.addBytes(producer, outcomeBytesOf(settled), payloadBytesOf(settled));
    if (producer.settled.size > maxOutcomes) {
      const oldestSeq = producer.oldestSeqs.next().value as number;
      const outcome = producer.settled.get(oldestSeq) as SettledMessage;
      producer.settled.delete(oldestSeq);
      pool.addBytes(producer, -outcomeBytesOf(outcome), -payloadBytesOf(outcome));
    }
    if (producer.payloadBytes > maxOutcomeBytes) pool.dropPayloads(producer, maxOutcomeBytes / 2);
    pool.keepWithinBound();
  }

  /** The session is in use, and its numbers are not forgotten. */
  use(name: string): void {
    const producer = this.all.get(name);
    if (!producer) return;
    producer.usedAt = this.pool.now();
    producer.usedUntil = producer.usedAt + producerInUseMs;
    this.wake(producer);
  }

  /**
   * The session left the room. Returns false if it was used after `agoMs` ago, by another node: it stays in
   * use then.
   */
  rest(name: string, agoMs: number): boolean {
    const producer = this.all.get(name);
    if (!producer) return true;
    if (producer.usedUntil > this.pool.now() - agoMs + producerInUseMs) return false;
    this.toIdle(producer);
    return true;
  }

  toIdle(producer: Producer): void {
    producer.usedUntil = -Infinity;
    let idle = this.idle.get(producer.user);
    if (!idle) this.idle.set(producer.user, (idle = new Set()));
    idle.add(producer);
    for (const oldest of idle) {
      if (idle.size <= maxIdleSessionsOf(producer.user)) break;
      this.forget(oldest);
    }
  }

  forget(producer: Producer): void {
    this.all.delete(producer.name);
    this.wake(producer);
    this.pool.bytes -= producer.bytes + producer.payloadBytes;
  }

  private wake(producer: Producer): void {
    const idle = this.idle.get(producer.user);
    if (idle?.delete(producer) && idle.size === 0) this.idle.delete(producer.user);
  }
}

/** The producers of all rooms of a broker. */
export class MemoryProducers {
  /** The memory that all producers take, in bytes. */
  bytes = 0;
  readonly now: () => number;
  private readonly rooms = new Set<RoomProducers>();
  private readonly maxBytes: number;
  /** The number of bytes at which something has to be forgotten. */
  private boundAtBytes: number;

  constructor(now: () => number, mostBytes: number) {
    this.now = now;
    this.maxBytes = this.boundAtBytes = mostBytes;
  }

  room(): RoomProducers {
    const room = new RoomProducers(this);
    this.rooms.add(room);
    return room;
  }

  /** Forgets a room without producers. */
  end(room: RoomProducers): void {
    this.rooms.delete(room);
  }

  addBytes(producer: Producer, weight: number, load: number): void {
    producer.bytes += weight;
    producer.payloadBytes += load;
    this.bytes += weight + load;
  }

  /**
   * Drops the payloads of a producer's oldest outcomes, until all take at most `most` bytes. The newest keeps
   * its payload, unless it alone takes more than one producer may.
   */
  dropPayloads(producer: Producer, targetBytes: number): void {
    for (const [seq, settled] of producer.settled) {
      if (producer.payloadBytes <= targetBytes) return;
      const lightened = withoutPayload(settled);
      const freedBytes = payloadBytesOf(settled) - payloadBytesOf(lightened);
      if (freedBytes <= 0 || (seq === producer.last && producer.payloadBytes <= maxOutcomeBytes)) continue;
      producer.settled.set(seq, lightened);
      this.addBytes(producer, 0, -freedBytes);
    }
  }

  /**
   * If all producers take too much, frees a fifth, so that it seldom has to be done. It forgets in this
   * order:
   *
   * 1. results and details of the least recently used producers,
   * 2. producers that are not in use,
   * 3. outcomes of producers that are in use.
   */
  keepWithinBound(): void {
    if (this.bytes <= this.boundAtBytes) return;
    const targetBytes = this.maxBytes * 0.8;
    const oldestFirst = Array.from(this.rooms, (room) => [...room.all.values()])
      .flat()
      .toSorted((first, second) => first.usedAt - second.usedAt);
    const untilWithin = (step: (producer: Producer) => void): void => {
      for (const producer of oldestFirst) {
        if (this.bytes <= targetBytes) return;
        step(producer);
      }
    };
    untilWithin((producer) => {
      this.dropPayloads(producer, 0);
    });
    untilWithin((producer) => {
      if (producer.usedUntil < this.now()) producer.room.forget(producer);
    });
    untilWithin((producer) => {
      for (const settled of producer.settled.values())
        this.addBytes(producer, -outcomeBytesOf(settled), -payloadBytesOf(settled));
      producer.settled.clear();
    });
    // If the producers in use take more by themselves, it is tried again once they take a fifth more.
    this.boundAtBytes = Math.max(this.maxBytes, this.bytes + this.maxBytes * 0.2);
  }

  /** Forgets the producers that were not asked for in a day. */
  sweep(): void {
    const now = this.now();
    for (const room of this.rooms)
      for (const producer of room.all.values()) {
        if (now - producer.usedAt > sessionLifeMs) room.forget(producer);
        else if (producer.usedUntil < now && producer.usedUntil !== -Infinity) room.toIdle(producer);
      }
  }

  clear(): void {
    this.rooms.clear();
    this.bytes = 0;
  }
}
