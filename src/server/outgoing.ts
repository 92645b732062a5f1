// What is due to a connection: queued, joined to one message or few, written once a turn. A reader for whom much waits already is told of, one for whom too much waits is given up.
import type { Codec, Encoded } from '../protocol/codec.js';
import type { Transport } from './ports.js';

export interface Outgoing {
  readonly codec: Codec;
  /** Whether much waits to be read: what can come later should. */
  slow: boolean;
  push(part: Encoded): void;
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

interface Queue {
  parts: Encoded[];
  ended: boolean;
  readonly codec: Codec;
  readonly transport: Transport;
  readonly pressure: Pressure;
  /** What others hold of it. */
  readonly face: { slow: boolean };
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

/** One flush a turn for all connections. `limit`: bytes that may wait for one of them. */
export function createFlusher(soon: (call: () => void) => void, limit: number): Flusher {
  let dirty: Queue[] = [];
  let scheduled = false;
  // Members of one room have the same frames due: their messages are joined once.
  let lastParts: readonly Encoded[] = [];
  let lastCodec: Codec | null = null;
  let lastMessages: readonly Encoded[] = [];

  const same = (parts: readonly Encoded[]): boolean => {
    if (parts.length !== lastParts.length) return false;
    for (let at = 0; at < parts.length; at++) if (parts[at] !== lastParts[at]) return false;
    return true;
  };

  const write = (queue: Queue): void => {
    const { parts, codec, transport } = queue;
    if (queue.ended || parts.length === 0) return;
    const waits = transport.buffered();
    if (waits > limit * 2) {
      // Ended first: whoever gives the connection up flushes it once more.
      queue.ended = true;
      queue.parts = [];
      queue.pressure.overflow();
      return;
    }
    if (codec !== lastCodec || !same(parts)) {
      lastCodec = codec;
      lastParts = parts;
      lastMessages = joined(parts, codec);
    }
    queue.parts = [];
    for (const message of lastMessages) transport.send(message);
    if (waits <= limit || queue.face.slow) return;
    queue.face.slow = true;
    queue.pressure.slow();
  };

  const flushAll = (): void => {
    scheduled = false;
    const queues = dirty;
    dirty = [];
    for (const queue of queues) write(queue);
    lastParts = [];
    lastCodec = null;
    lastMessages = [];
  };

  return {
    outgoing(codec, transport, pressure) {
      // A field and no accessor: of those each connection would have its own, and every object here a shape of its own.
      const face: Outgoing = {
        codec,
        slow: false,
        push(part) {
          if (queue.ended) return;
          if (queue.parts.push(part) === 1) {
            dirty.push(queue);
            if (!scheduled) {
              scheduled = true;
              soon(flushAll);
            }
          }
        },
        flush() {
          write(queue);
        },
        end() {
          queue.ended = true;
          queue.parts = [];
        },
      };
      const queue: Queue = { parts: [], ended: false, codec, transport, pressure, face };
      return face;
    },
  };
}
