// What is due to a connection: queued, joined to one message, written once a turn. A reader for whom too much waits already is given up.
import type { Codec, Encoded } from '../protocol/codec.js';
import type { Transport } from './ports.js';

export interface Outgoing {
  readonly codec: Codec;
  push(part: Encoded): void;
  /** Writes what is queued, now. */
  flush(): void;
  end(): void;
}

export interface Flusher {
  outgoing(codec: Codec, transport: Transport, overflow: () => void): Outgoing;
}

interface Queue {
  parts: Encoded[];
  ended: boolean;
  readonly codec: Codec;
  readonly transport: Transport;
  readonly overflow: () => void;
}

/** One flush a turn for all connections. `limit`: bytes that may wait for one of them. */
export function createFlusher(soon: (call: () => void) => void, limit: number): Flusher {
  let dirty: Queue[] = [];
  let scheduled = false;
  // Members of one room have the same frames due: their message is joined once.
  let lastParts: readonly Encoded[] = [];
  let lastCodec: Codec | null = null;
  let lastMessage: Encoded = '';

  const same = (parts: readonly Encoded[]): boolean => {
    if (parts.length !== lastParts.length) return false;
    for (let at = 0; at < parts.length; at++) if (parts[at] !== lastParts[at]) return false;
    return true;
  };

  const write = (queue: Queue): void => {
    const { parts, codec, transport } = queue;
    if (queue.ended || parts.length === 0) return;
    if (transport.buffered() > limit) {
      // Ended first: whoever gives the connection up flushes it once more.
      queue.ended = true;
      queue.parts = [];
      queue.overflow();
      return;
    }
    if (codec !== lastCodec || !same(parts)) {
      lastCodec = codec;
      lastParts = parts;
      lastMessage = codec.join(parts);
    }
    queue.parts = [];
    transport.send(lastMessage);
  };

  const flushAll = (): void => {
    scheduled = false;
    const queues = dirty;
    dirty = [];
    for (const queue of queues) write(queue);
    lastParts = [];
    lastCodec = null;
    lastMessage = '';
  };

  return {
    outgoing(codec, transport, overflow) {
      const queue: Queue = { parts: [], ended: false, codec, transport, overflow };
      return {
        codec,
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
    },
  };
}
