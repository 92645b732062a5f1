// What one process remembers of its rooms' producers: the last number of each, and what became of the newest ones. All of it has a bound in bytes.
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
import { memorySizeOf } from '../util/memory-size.js';

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
  /** Until when it counts as in use. */
  usedUntil: number;
  /** The newest outcomes by seq, oldest first. */
  readonly settled: Map<number, SettledMessage>;
  /** What it costs, in bytes, but for `load`. */
  bytes: number;
  /** What the results and details of its outcomes cost, in bytes. */
  payloadBytes: number;
}

/** What a producer costs beside its name, and an outcome beside its id, in bytes. */
const producerBytes = 300;
const outcomeBytes = 200;

const payloadBytesOf = ({ outcome }: SettledMessage): number =>
  'refusal' in outcome
    ? outcome.refusal.reason.length + memorySizeOf(outcome.refusal.details)
    : memorySizeOf(outcome.result);

const outcomeBytesOf = ({ id }: SettledMessage): number => outcomeBytes + id.length;

/** The same outcome without what it carries. */
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
  /** Those that are not in use, by user; the one that has not been for the longest time is the first. */
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

  /** What became of a number; undefined where that is not known any more. */
  outcome(name: string, seq: number): SettledMessage | undefined {
    return this.all.get(name)?.settled.get(seq);
  }

  settle(name: string, seq: number, settled: SettledMessage): void {
    const { pool } = this;
    let producer = this.all.get(name);
    if (!producer) {
      producer = {
        name,
        user: userOfProducer(name),
        room: this,
        last: 0,
        usedAt: 0,
        usedUntil: pool.now() + producerInUseMs,
        settled: new Map(),
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
      const [oldest, it] = producer.settled.entries().next().value as [number, SettledMessage];
      producer.settled.delete(oldest);
      pool.addBytes(producer, -outcomeBytesOf(it), -payloadBytesOf(it));
    }
    if (producer.payloadBytes > maxOutcomeBytes) pool.dropPayloads(producer, maxOutcomeBytes / 2);
    pool.keepWithinBound();
  }

  /** A session is there: its numbers are not forgotten. */
  use(name: string): void {
    const producer = this.all.get(name);
    if (!producer) return;
    producer.usedAt = this.pool.now();
    producer.usedUntil = producer.usedAt + producerInUseMs;
    this.wake(producer);
  }

  /** A session is not there any more. `agoMs`: how long ago it was last used by the node that says so; where it was used later, it stays in use, and the answer is false. */
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
  /** What all of them cost, in bytes. */
  bytes = 0;
  readonly now: () => number;
  private readonly rooms = new Set<RoomProducers>();
  private readonly maxBytes: number;
  /** The weight at which something has to go. */
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

  /** A room that has no producers is forgotten. */
  end(room: RoomProducers): void {
    this.rooms.delete(room);
  }

  addBytes(producer: Producer, weight: number, load: number): void {
    producer.bytes += weight;
    producer.payloadBytes += load;
    this.bytes += weight + load;
  }

  /** The oldest outcomes of a producer lose what they carry, until all of it costs at most `most` bytes. The newest keeps it, unless it alone costs more than one producer may. */
  dropPayloads(producer: Producer, most: number): void {
    for (const [seq, settled] of producer.settled) {
      if (producer.payloadBytes <= most) return;
      const lightened = withoutPayload(settled);
      const freedBytes = payloadBytesOf(settled) - payloadBytesOf(lightened);
      if (freedBytes <= 0 || (seq === producer.last && producer.payloadBytes <= maxOutcomeBytes)) continue;
      producer.settled.set(seq, lightened);
      this.addBytes(producer, 0, -freedBytes);
    }
  }

  /**
   * Where all of it costs too much, a fifth goes at once, so that this is seldom: results and details of the producers
   * that were used least lately; then producers that are not in use; then outcomes of those that are.
   */
  keepWithinBound(): void {
    if (this.bytes <= this.boundAtBytes) return;
    const most = this.maxBytes * 0.8;
    const oldestFirst = Array.from(this.rooms, (room) => [...room.all.values()])
      .flat()
      .toSorted((one, two) => one.usedAt - two.usedAt);
    const untilWithin = (step: (producer: Producer) => void): void => {
      for (const producer of oldestFirst) {
        if (this.bytes <= most) return;
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
    // Where those that are in use cost more by themselves, it is tried again once they cost a fifth more.
    this.boundAtBytes = Math.max(this.maxBytes, this.bytes + this.maxBytes * 0.2);
  }

  /** Forgets those that nobody asked for in a day. */
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
