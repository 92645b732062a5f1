// What is due to a connection: queued, joined to one message or few, written once a turn. A reader for whom much waits already is told of, one for whom too much waits is given up.
import type { Codec, Encoded } from '../../protocol/codec.js';
import { Batch } from './batch.js';
import type { Transport } from '../ports/ports.js';

export interface Outgoing {
  readonly codec: Codec;
  /** Whether much waits to be read: what can come later should. */
  slow: boolean;
  push(part: Encoded): void;
  /** The same of a part that may still grow, and that others may overtake: it is asked for when it is settled. */
  defer(part: () => Encoded): void;
  /** Queues what was deferred, now: at the latest when the queue is written. */
  settle(): void;
  /** Writes what is queued, now. */
  flush(): void;
  end(): void;
}

export interface Pressure {
  /** More waits than the limit. Told once, until `slow` is taken back. */
  slow(): void;
  /** More than twice the limit: nothing more is written. */
  overflow(): void;
  /** The transport threw: nothing more is written. */
  failed(error: unknown): void;
}

export interface Flusher {
  outgoing(codec: Codec, transport: Transport, pressure: Pressure): Outgoing;
}

// A class: see lane.ts.
class Queue implements Outgoing {
  slow = false;
  private batch: Batch;
  private late: (() => Encoded) | null = null;
  private ended = false;
  private readonly empty: Batch;
  readonly codec: Codec;
  private readonly transport: Transport;
  private readonly pressure: Pressure;
  private readonly turn: Turn;

  constructor(codec: Codec, transport: Transport, pressure: Pressure, turn: Turn) {
    this.codec = codec;
    this.transport = transport;
    this.pressure = pressure;
    this.turn = turn;
    this.batch = this.empty = turn.empty(codec);
  }

  defer(part: () => Encoded): void {
    if (this.ended) return;
    this.settle();
    if (this.batch === this.empty) this.turn.add(this);
    this.late = part;
  }

  settle(): void {
    const { late } = this;
    if (!late) return;
    this.late = null;
    this.batch = this.batch.with(late());
  }

  push(part: Encoded): void {
    if (this.ended) return;
    const { batch } = this;
    if (batch === this.empty && !this.late) this.turn.add(this);
    const longer = (this.batch = batch.with(part));
    // Answers to much that was asked in one message: what they cost is seen before there are more of them. Half of the limit: with that much on top of what may wait, acknowledgements still find room.
    if (longer.bytes > this.turn.limit / 2) this.flush();
  }

  flush(): void {
    if (this.late) this.settle();
    const { batch, transport, turn } = this;
    if (this.ended || batch === this.empty) return;
    if (transport.buffered() > turn.limit * 2) {
      // Ended first: whoever gives the connection up flushes it once more.
      this.end();
      this.pressure.overflow();
      return;
    }
    this.batch = this.empty;
    const messages = batch.messages();
    try {
      for (let at = 0; at < messages.length; at++) transport.send(messages[at] as Encoded);
    } catch (error) {
      // One flush writes to many connections: the others get what is theirs.
      this.end();
      this.pressure.failed(error);
      return;
    }
    if (this.slow || transport.buffered() <= turn.limit) return;
    this.slow = true;
    this.pressure.slow();
  }

  end(): void {
    this.ended = true;
    this.late = null;
    this.batch = this.empty;
  }
}

/** What is due in this turn of the event loop, to all connections. */
class Turn {
  private dirty: Queue[] = [];
  private scheduled = false;
  private readonly empties = new Map<Codec, Batch>();
  private readonly soon: (call: () => void) => void;
  readonly limit: number;

  constructor(soon: (call: () => void) => void, limit: number) {
    this.soon = soon;
    this.limit = limit;
  }

  empty(codec: Codec): Batch {
    let empty = this.empties.get(codec);
    if (!empty) this.empties.set(codec, (empty = new Batch(codec, null, '')));
    return empty;
  }

  add(queue: Queue): void {
    this.dirty.push(queue);
    if (this.scheduled) return;
    this.scheduled = true;
    this.soon(() => {
      this.flush();
    });
  }

  private flush(): void {
    this.scheduled = false;
    const queues = this.dirty;
    this.dirty = [];
    for (const queue of queues) queue.flush();
    for (const empty of this.empties.values()) empty.forget();
  }
}

/** One flush a turn for all connections. `limit`: bytes that may wait for one of them. */
export function createFlusher(soon: (call: () => void) => void, limit: number): Flusher {
  const turn = new Turn(soon, limit);
  return { outgoing: (codec, transport, pressure) => new Queue(codec, transport, pressure, turn) };
}
