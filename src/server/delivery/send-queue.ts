// The frames that are due to a connection: queued, joined to one message or few, and written once a turn of
// the event loop. The queue tells of a reader that is slow, and gives up a reader that is too slow.
import type { Codec, Encoded } from '../../protocol/codec.js';
import type { Transport } from '../ports/ports.js';
import { Batch } from './batch.js';

export interface SendQueue {
  readonly codec: Codec;
  /** Whether much waits to be read. Frames that can come later should come later then. */
  isSlow: boolean;
  push(part: Encoded): void;
  /** Queues a part that may still grow, and that other parts may overtake. It is made when it is queued. */
  defer(part: () => Encoded): void;
  /** Queues the deferred part now. At the latest it is queued when the queue is written. */
  queueDeferred(): void;
  /** Writes the queued parts now. */
  flush(): void;
  end(): void;
}

export interface SendPressure {
  /** More than the limit waits to be read. Reported once, until `isSlow` is reset. */
  slow(): void;
  /** More than twice the limit waits to be read. Nothing more is written. */
  overflow(): void;
  /** The transport threw. Nothing more is written. */
  failed(error: unknown): void;
}

export interface SendFlusher {
  createQueue(codec: Codec, transport: Transport, pressure: SendPressure): SendQueue;
}

// A class, because ten thousand idle connections have one each: see connection/frame-queue.ts.
class TurnSendQueue implements SendQueue {
  isSlow = false;
  private batch: Batch;
  private deferred: (() => Encoded) | null = null;
  private ended = false;
  private readonly empty: Batch;
  readonly codec: Codec;
  private readonly transport: Transport;
  private readonly pressure: SendPressure;
  private readonly flushTurn: FlushTurn;

  constructor(codec: Codec, transport: Transport, pressure: SendPressure, turn: FlushTurn) {
    this.codec = codec;
    this.transport = transport;
    this.pressure = pressure;
    this.flushTurn = turn;
    this.batch = this.empty = turn.empty(codec);
  }

  defer(part: () => Encoded): void {
    if (this.ended) return;
    this.queueDeferred();
    if (this.batch === this.empty) this.flushTurn.add(this);
    this.deferred = part;
  }

  queueDeferred(): void {
    const { deferred } = this;
    if (!deferred) return;
    this.deferred = null;
    this.batch = this.batch.append(deferred());
  }

  push(part: Encoded): void {
    if (this.ended) return;
    const { batch } = this;
    if (batch === this.empty && !this.deferred) this.flushTurn.add(this);
    const batchWithPart = (this.batch = batch.append(part));
    // Answers to many frames of one message: their size is checked before there are more of them. With half
    // of the limit on top of what may wait, acknowledgements still find room.
    if (batchWithPart.bytes > this.flushTurn.limitBytes / 2) this.flush();
  }

  flush(): void {
    if (this.deferred) this.queueDeferred();
    const { batch, transport, flushTurn } = this;
    if (this.ended || batch === this.empty) return;
    if (transport.buffered() > flushTurn.limitBytes * 2) {
      // Ended first: the code that gives the connection up flushes it once more.
      this.end();
      this.pressure.overflow();
      return;
    }
    this.batch = this.empty;
    const messages = batch.messages();
    try {
      for (let at = 0; at < messages.length; at++) transport.send(messages[at] as Encoded);
    } catch (error) {
      // One flush writes to many connections: a failure of one must not keep the others from theirs.
      this.end();
      this.pressure.failed(error);
      return;
    }
    if (this.isSlow || transport.buffered() <= flushTurn.limitBytes) return;
    this.isSlow = true;
    this.pressure.slow();
  }

  end(): void {
    this.ended = true;
    this.deferred = null;
    this.batch = this.empty;
  }
}

/** The queues that are written at the end of this turn of the event loop. */
class FlushTurn {
  private dirtyQueues: TurnSendQueue[] = [];
  private scheduled = false;
  private readonly empties = new Map<Codec, Batch>();
  private readonly atEndOfTurn: (call: () => void) => void;
  readonly limitBytes: number;

  constructor(soon: (call: () => void) => void, limit: number) {
    this.atEndOfTurn = soon;
    this.limitBytes = limit;
  }

  empty(codec: Codec): Batch {
    let empty = this.empties.get(codec);
    if (!empty) this.empties.set(codec, (empty = new Batch(codec, null, '')));
    return empty;
  }

  add(queue: TurnSendQueue): void {
    this.dirtyQueues.push(queue);
    if (this.scheduled) return;
    this.scheduled = true;
    this.atEndOfTurn(() => {
      this.flush();
    });
  }

  private flush(): void {
    this.scheduled = false;
    const queues = this.dirtyQueues;
    this.dirtyQueues = [];
    for (const queue of queues) queue.flush();
    for (const empty of this.empties.values()) empty.forgetNext();
  }
}

/**
 * Makes a flusher, which writes all queues once a turn. `limitBytes`: the bytes that may wait for one
 * connection.
 */
export function createSendFlusher(atEndOfTurn: (call: () => void) => void, limitBytes: number): SendFlusher {
  const turn = new FlushTurn(atEndOfTurn, limitBytes);
  return { createQueue: (codec, transport, pressure) => new TurnSendQueue(codec, transport, pressure, turn) };
}
