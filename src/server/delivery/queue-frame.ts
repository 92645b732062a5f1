// A frame for one connection. A frame for a whole room is encoded once, by the hub.
import { byteLength } from '../../protocol/bytes.js';
import type { Encoded } from '../../protocol/codec.js';
import type { ServerFrame } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';
import type { SendQueue } from './send-queue.js';

/** A connection with its queue. */
interface Addressee {
  readonly sendQueue: SendQueue;
}

/** Queues a frame for a connection. */
export function queueFrame({ sendQueue }: Addressee, frame: ServerFrame): void {
  pushPart(sendQueue, sendQueue.codec.encode(serverTuple(frame)));
}

/** Queues a frame for a connection. Returns how many bytes it takes. */
export function queueFrameAndMeasure({ sendQueue }: Addressee, frame: ServerFrame): number {
  const part = sendQueue.codec.encode(serverTuple(frame));
  pushPart(sendQueue, part);
  return byteLength(part);
}

function pushPart(outgoing: SendQueue, part: Encoded): void {
  // A frame for a whole room may overtake an acknowledgement, a frame for one connection may not.
  outgoing.queueDeferred();
  outgoing.push(part);
}
