// Messages of a connection that are on their way to the broker while its frame queue goes on. Without it, a client
// could not send more than one message a round trip to the broker.
import type { ClientFrame } from '../../protocol/frames.js';
import type { Peer } from '../members/peer.js';
import { memorySizeOf } from '../util/memory-size.js';

/** Messages of one connection that may be on their way at once. The frame queue does not count them. */
const maxAppendsInFlight = 256;
/** The memory that they may take together, in bytes. */
const maxAppendBytesInFlight = 4 * 2 ** 20;

export const canPipeline = ({ appendsInFlight, appendBytesInFlight }: Peer): boolean =>
  appendsInFlight < maxAppendsInFlight && appendBytesInFlight < maxAppendBytesInFlight;

/** Counts a message until `whenAnswered`, which never rejects, is fulfilled. The frame queue does not wait for it. */
export function trackAppend(peer: Peer, frame: ClientFrame, whenAnswered: Promise<void>): void {
  const frameBytes = memorySizeOf(frame);
  peer.appendsInFlight++;
  peer.appendBytesInFlight += frameBytes;
  void whenAnswered.then(() => {
    peer.appendBytesInFlight -= frameBytes;
    if (--peer.appendsInFlight > 0) return;
    peer.onAppendsSettled?.();
    peer.onAppendsSettled = null;
  });
}

/**
 * Resolves once every message in flight is answered; undefined if there is none. Only the frame queue of the
 * connection calls it, so that one caller waits at a time.
 */
export function appendsSettled(peer: Peer): Promise<void> | undefined {
  if (peer.appendsInFlight === 0) return undefined;
  return new Promise((resolve) => {
    peer.onAppendsSettled = resolve;
  });
}
