// Messages of a connection that are on their way to the broker while its lane goes on: one at a time, a client would have no more than one a round trip.
import type { ClientFrame } from '../../protocol/frames.js';
import type { Peer } from '../members/peer.js';
import { weightOf } from '../util/memory-size.js';

/** As many at once, and as heavy: what waits in the lane is bounded, and these are not in it. */
const most = 256;
const mostWeight = 4 * 2 ** 20;

export const mayFly = ({ flying, flyingWeight }: Peer): boolean => flying < most && flyingWeight < mostWeight;

/** The lane goes on while `answered` is awaited. It never rejects. */
export function fly(peer: Peer, frame: ClientFrame, answered: Promise<void>): void {
  const weight = weightOf(frame);
  peer.flying++;
  peer.flyingWeight += weight;
  void answered.then(() => {
    peer.flyingWeight -= weight;
    if (--peer.flying > 0) return;
    peer.landed?.();
    peer.landed = null;
  });
}

/** Resolves once all are answered; at once where there is none. Asked by its lane alone. */
export function landing(peer: Peer): Promise<void> | undefined {
  if (peer.flying === 0) return undefined;
  return new Promise((resolve) => {
    peer.landed = resolve;
  });
}
