// Messages of a connection that are on their way to the broker while its lane goes on: one at a time, a client would have no more than one a round trip.
import type { ClientFrame } from '../../protocol/frames.js';
import type { Peer } from '../members/peer.js';
import { memorySizeOf } from '../util/memory-size.js';

/** As many at once, and as heavy: what waits in the lane is bounded, and these are not in it. */
const maxAppendsInFlight = 256;
const maxAppendBytesInFlight = 4 * 2 ** 20;

export const canPipeline = ({ appendsInFlight, appendBytesInFlight }: Peer): boolean =>
  appendsInFlight < maxAppendsInFlight && appendBytesInFlight < maxAppendBytesInFlight;

/** The lane goes on while `answered` is awaited. It never rejects. */
export function trackAppend(peer: Peer, frame: ClientFrame, answered: Promise<void>): void {
  const frameBytes = memorySizeOf(frame);
  peer.appendsInFlight++;
  peer.appendBytesInFlight += frameBytes;
  void answered.then(() => {
    peer.appendBytesInFlight -= frameBytes;
    if (--peer.appendsInFlight > 0) return;
    peer.onAppendsSettled?.();
    peer.onAppendsSettled = null;
  });
}

/** Resolves once all are answered; at once where there is none. Asked by its lane alone. */
export function appendsSettled(peer: Peer): Promise<void> | undefined {
  if (peer.appendsInFlight === 0) return undefined;
  return new Promise((resolve) => {
    peer.onAppendsSettled = resolve;
  });
}
