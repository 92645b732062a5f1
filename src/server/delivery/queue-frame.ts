// A frame for one connection. A frame for a whole room is encoded once, by the hub.
import { byteLength } from '../../protocol/bytes.js';
import type { Encoded } from '../../protocol/codec.js';
import type { ServerFrame } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';
import type { Outgoing } from './send-queue.js';

/** A connection with its queue. */
interface Addressee {
  readonly outgoing: Outgoing;
}

/** Queues a frame for a connection. */
export function queueFrame({ outgoing }: Addressee, frame: ServerFrame): void {
  push(outgoing, outgoing.codec.encode(serverTuple(frame)));
}

/** Queues a frame for a connection. Returns how many bytes it takes. */
export function queueFrameAndMeasure({ outgoing }: Addressee, frame: ServerFrame): number {
  const part = outgoing.codec.encode(serverTuple(frame));
  push(outgoing, part);
  return byteLength(part);
}

function push(outgoing: Outgoing, part: Encoded): void {
  // What goes to a whole room may overtake an acknowledgement, what is said to one connection may not.
  outgoing.settle();
  outgoing.push(part);
}
