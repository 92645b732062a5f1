// Messages of a connection that are on their way to the broker while its lane goes on: one at a time, a client would have no more than one a round trip.
import type { Peer } from './peer.js';

/** As many at once: what waits in the lane is bounded by bytes, and these are not in it. */
const most = 64;

export const mayFly = ({ flying }: Peer): boolean => flying < most;

/** The lane goes on while `answered` is awaited. It never rejects. */
export function fly(peer: Peer, answered: Promise<void>): void {
  peer.flying++;
  void answered.then(() => {
    if (--peer.flying > 0) return;
    peer.landed?.();
    peer.landed = null;
  });
}

/** Resolves once all are answered; at once where there is none. Asked by its lane alone. */
export function landing(peer: Peer): Promise<void> | undefined {
  if (peer.flying === 0) return undefined;
  return new Promise((resolve) => { peer.landed = resolve; });
}
