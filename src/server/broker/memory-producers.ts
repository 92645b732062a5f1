// What one process remembers of its rooms' producers: the last number of each, and what became of the newest ones. All of it has a bound in bytes.
import type { Refusal } from './broker.js';
import {
  forgottenReason,
  inUseMs,
  mostIdleOf,
  mostOutcomeBytes,
  mostOutcomes,
  userIn,
} from './producer-name.js';
import { weightOf } from '../util/memory-size.js';

export interface Taken {
  readonly offset: number;
  readonly timestamp: number;
  readonly result: unknown;
  readonly tag: string;
}

export interface Settled {
  readonly id: string;
  readonly outcome: Taken | { readonly refusal: Refusal };
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
  readonly settled: Map<number, Settled>;
  /** What it costs, in bytes, but for `load`. */
  weight: number;
  /** What the results and details of its outcomes cost, in bytes. */
  load: number;
}

/** What a producer costs beside its name, and an outcome beside its id, in bytes. */
const producerWeight = 300;
const outcomeWeight = 200;
/** How long a producer that was not heard of is remembered, in ms: 24 h. */
const lifeMs = 86_400_000;

const loadOf = ({ outcome }: Settled): number =>
  'refusal' in outcome
    ? outcome.refusal.reason.length + weightOf(outcome.refusal.details)
    : weightOf(outcome.result);

const weightOfSettled = ({ id }: Settled): number => outcomeWeight + id.length;

/** The same outcome without what it carries. */
const lightened = ({ id, outcome }: Settled): Settled => ({
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
  outcome(name: string, seq: number): Settled | undefined {
    return this.all.get(name)?.settled.get(seq);
  }

  settle(name: string, seq: number, settled: Settled): void {
    const { pool } = this;
    let producer = this.all.get(name);
    if (!producer) {
      producer = {
        name,
        user: userIn(name),
        room: this,
        last: 0,
        usedAt: 0,
        usedUntil: pool.now() + inUseMs,
        settled: new Map(),
        weight: producerWeight + name.length,
        load: 0,
      };
      this.all.set(name, producer);
      pool.weight += producer.weight;
    }
    producer.last = seq;
    producer.usedAt = pool.now();
    producer.settled.set(seq, settled);
    pool.weigh(producer, weightOfSettled(settled), loadOf(settled));
    if (producer.settled.size > mostOutcomes) {
      const [oldest, it] = producer.settled.entries().next().value as [number, Settled];
      producer.settled.delete(oldest);
      pool.weigh(producer, -weightOfSettled(it), -loadOf(it));
    }
    if (producer.load > mostOutcomeBytes) pool.lighten(producer, mostOutcomeBytes / 2);
    pool.bound();
  }

  /** A session is there: its numbers are not forgotten. */
  use(name: string): void {
    const producer = this.all.get(name);
    if (!producer) return;
    producer.usedAt = this.pool.now();
    producer.usedUntil = producer.usedAt + inUseMs;
    this.wake(producer);
  }

  /** A session is not there any more. `agoMs`: how long ago it was last used by the node that says so; where it was used later, it stays in use, and the answer is false. */
  rest(name: string, agoMs: number): boolean {
    const producer = this.all.get(name);
    if (!producer) return true;
    if (producer.usedUntil > this.pool.now() - agoMs + inUseMs) return false;
    this.toIdle(producer);
    return true;
  }

  toIdle(producer: Producer): void {
    producer.usedUntil = -Infinity;
    let idle = this.idle.get(producer.user);
    if (!idle) this.idle.set(producer.user, (idle = new Set()));
    idle.add(producer);
    for (const oldest of idle) {
      if (idle.size <= mostIdleOf(producer.user)) break;
      this.forget(oldest);
    }
  }

  forget(producer: Producer): void {
    this.all.delete(producer.name);
    this.wake(producer);
    this.pool.weight -= producer.weight + producer.load;
  }

  private wake(producer: Producer): void {
    const idle = this.idle.get(producer.user);
    if (idle?.delete(producer) && idle.size === 0) this.idle.delete(producer.user);
  }
}

/** The producers of all rooms of a broker. */
export class MemoryProducers {
  /** What all of them cost, in bytes. */
  weight = 0;
  readonly now: () => number;
  private readonly rooms = new Set<RoomProducers>();
  private readonly mostBytes: number;
  /** The weight at which something has to go. */
  private mark: number;

  constructor(now: () => number, mostBytes: number) {
    this.now = now;
    this.mostBytes = this.mark = mostBytes;
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

  weigh(producer: Producer, weight: number, load: number): void {
    producer.weight += weight;
    producer.load += load;
    this.weight += weight + load;
  }

  /** The oldest outcomes of a producer lose what they carry, until all of it costs at most `most` bytes. The newest keeps it, unless it alone costs more than one producer may. */
  lighten(producer: Producer, most: number): void {
    for (const [seq, settled] of producer.settled) {
      if (producer.load <= most) return;
      const light = lightened(settled);
      const less = loadOf(settled) - loadOf(light);
      if (less <= 0 || (seq === producer.last && producer.load <= mostOutcomeBytes)) continue;
      producer.settled.set(seq, light);
      this.weigh(producer, 0, -less);
    }
  }

  /**
   * Where all of it costs too much, a fifth goes at once, so that this is seldom: results and details of the producers
   * that were used least lately; then producers that are not in use; then outcomes of those that are.
   */
  bound(): void {
    if (this.weight <= this.mark) return;
    const most = this.mostBytes * 0.8;
    const oldestFirst = Array.from(this.rooms, (room) => [...room.all.values()])
      .flat()
      .toSorted((one, two) => one.usedAt - two.usedAt);
    const untilLight = (step: (producer: Producer) => void): void => {
      for (const producer of oldestFirst) {
        if (this.weight <= most) return;
        step(producer);
      }
    };
    untilLight((producer) => {
      this.lighten(producer, 0);
    });
    untilLight((producer) => {
      if (producer.usedUntil < this.now()) producer.room.forget(producer);
    });
    untilLight((producer) => {
      for (const settled of producer.settled.values())
        this.weigh(producer, -weightOfSettled(settled), -loadOf(settled));
      producer.settled.clear();
    });
    // Where those that are in use cost more by themselves, it is tried again once they cost a fifth more.
    this.mark = Math.max(this.mostBytes, this.weight + this.mostBytes * 0.2);
  }

  /** Forgets those that nobody asked for in a day. */
  sweep(): void {
    const now = this.now();
    for (const room of this.rooms)
      for (const producer of room.all.values()) {
        if (now - producer.usedAt > lifeMs) room.forget(producer);
        else if (producer.usedUntil < now && producer.usedUntil !== -Infinity) room.toIdle(producer);
      }
  }

  clear(): void {
    this.rooms.clear();
    this.weight = 0;
  }
}
