// What is due to a connection: queued, joined to one message or few, written once a turn. A reader for whom much waits already is told of, one for whom too much waits is given up.
import type { Codec, Encoded } from '../protocol/codec.js';
import type { Transport } from './ports.js';

export interface Outgoing {
  readonly codec: Codec;
  /** Whether much waits to be read: what can come later should. */
  slow: boolean;
  push(part: Encoded): void;
  /** The same of a part that may still grow: it is asked for once something else is pushed, or it is written. */
  defer(part: () => Encoded): void;
  /** Writes what is queued, now. */
  flush(): void;
  end(): void;
}

export interface Pressure {
  /** More waits than the limit. Told once, until `slow` is taken back. */
  readonly slow: () => void;
  /** More than twice the limit: nothing more is written. */
  readonly overflow: () => void;
}

export interface Flusher {
  outgoing(codec: Codec, transport: Transport, pressure: Pressure): Outgoing;
}

/** Bytes of a message that holds more than one frame. A reader on a slow line has something to handle, and is heard of, before all of a long catch-up is there. */
const messageLimit = 262_144;

/** Frames joined to messages, cut between frames. */
function joined(parts: readonly Encoded[], codec: Codec): readonly Encoded[] {
  const messages: Encoded[] = [];
  let from = 0;
  let bytes = 0;
  for (let at = 0; at < parts.length; at++) {
    const size = codec.size(parts[at] as Encoded);
    if (at > from && bytes + size > messageLimit) {
      messages.push(codec.join(parts.slice(from, at)));
      from = at;
      bytes = 0;
    }
    bytes += size;
  }
  messages.push(codec.join(from === 0 ? parts : parts.slice(from)));
  return messages;
}

// A class: see lane.ts.
class Queue implements Outgoing {
  parts: Encoded[] = [];
  slow = false;
  private bytes = 0;
  private late: (() => Encoded) | null = null;
  private ended = false;
  readonly codec: Codec;
  readonly transport: Transport;
  private readonly pressure: Pressure;
  private readonly turn: Turn;

  constructor(codec: Codec, transport: Transport, pressure: Pressure, turn: Turn) {
    this.codec = codec;
    this.transport = transport;
    this.pressure = pressure;
    this.turn = turn;
  }

  defer(part: () => Encoded): void {
    if (this.ended) return;
    this.settle();
    this.late = part;
    if (this.parts.length === 0) this.turn.add(this);
  }

  private settle(): void {
    const { late } = this;
    if (!late) return;
    this.late = null;
    const part = late();
    this.parts.push(part);
    this.bytes += this.codec.size(part);
  }

  push(part: Encoded): void {
    if (this.ended) return;
    this.settle();
    if (this.parts.push(part) === 1) this.turn.add(this);
    this.bytes += this.codec.size(part);
    // Answers to much that was asked in one message: what they cost is seen before there are more of them.
    if (this.bytes > this.turn.limit) this.flush();
  }

  flush(): void {
    this.settle();
    const { parts, transport, turn } = this;
    if (this.ended || parts.length === 0) return;
    const waits = transport.buffered();
    if (waits > turn.limit * 2) {
      // Ended first: whoever gives the connection up flushes it once more.
      this.end();
      this.pressure.overflow();
      return;
    }
    const messages = turn.messages(this);
    this.parts = [];
    this.bytes = 0;
    for (const message of messages) transport.send(message);
    if (waits <= turn.limit || this.slow) return;
    this.slow = true;
    this.pressure.slow();
  }

  end(): void {
    this.ended = true;
    this.late = null;
    this.parts = [];
    this.bytes = 0;
  }
}

/** What is due in this turn of the event loop, to all connections. */
class Turn {
  private dirty: Queue[] = [];
  private scheduled = false;
  // Members of one room have the same frames due: their messages are joined once.
  private lastParts: readonly Encoded[] = [];
  private lastCodec: Codec | null = null;
  private lastMessages: readonly Encoded[] = [];
  private readonly soon: (call: () => void) => void;
  readonly limit: number;

  constructor(soon: (call: () => void) => void, limit: number) {
    this.soon = soon;
    this.limit = limit;
  }

  add(queue: Queue): void {
    this.dirty.push(queue);
    if (this.scheduled) return;
    this.scheduled = true;
    this.soon(() => { this.flush(); });
  }

  messages({ parts, codec }: Queue): readonly Encoded[] {
    if (codec !== this.lastCodec || !this.same(parts)) {
      this.lastCodec = codec;
      this.lastParts = parts;
      this.lastMessages = joined(parts, codec);
    }
    return this.lastMessages;
  }

  private same(parts: readonly Encoded[]): boolean {
    const { lastParts } = this;
    if (parts.length !== lastParts.length) return false;
    for (let at = 0; at < parts.length; at++) if (parts[at] !== lastParts[at]) return false;
    return true;
  }

  private flush(): void {
    this.scheduled = false;
    const queues = this.dirty;
    this.dirty = [];
    for (const queue of queues) queue.flush();
    this.lastParts = [];
    this.lastCodec = null;
    this.lastMessages = [];
  }
}

/** One flush a turn for all connections. `limit`: bytes that may wait for one of them. */
export function createFlusher(soon: (call: () => void) => void, limit: number): Flusher {
  const turn = new Turn(soon, limit);
  return { outgoing: (codec, transport, pressure) => new Queue(codec, transport, pressure, turn) };
}
