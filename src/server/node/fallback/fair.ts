// What a node does for requests of which it cannot tell whose they are: bounded for all together, and for each network, so that one of them leaves something to the others.
import { networkOf } from '../../connection/connection-limits.js';
import { createTokenBucket, type TokenBucket } from '../../util/token-bucket.js';
import type { ByteShare } from './body.js';

/** A share of so many bytes for each network that holds any. */
export function createNetworkShares(bytes: number): {
  of(address: string): ByteShare;
  /** Forgets the share of an address, if nothing of it is held. */
  free(address: string): void;
} {
  const shares = new Map<string, ByteShare>();
  return {
    of(address) {
      const network = networkOf(address);
      const share = shares.get(network) ?? { bytesLeft: bytes };
      shares.set(network, share);
      return share;
    },
    free(address) {
      const network = networkOf(address);
      if (shares.get(network)?.bytesLeft === bytes) shares.delete(network);
    },
  };
}

/** Networks whose pace is known. A forgotten one begins anew; all together are bounded all the same. */
const maxNetworks = 1_000;

/** So many steps a second for all together, twice as many at once, and half of them for one network. */
export function createNetworkPace(
  rate: number,
  now: number,
): (address: string, steps: number, now: number) => boolean {
  const all = createTokenBucket(rate, now);
  const networks = new Map<string, TokenBucket>();
  return (address, steps, at) => {
    const network = networkOf(address);
    const own = networks.get(network) ?? createTokenBucket(rate / 2, at);
    networks.delete(network);
    networks.set(network, own);
    for (const oldest of networks.keys()) {
      if (networks.size <= maxNetworks) break;
      networks.delete(oldest);
    }
    // What one network has too many takes nothing from the others.
    for (let step = 0; step < steps; step++) if (own.take(at) > 0 || all.take(at) > 0) return false;
    return true;
  };
}
