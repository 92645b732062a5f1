// Bounds for requests whose client is not known: for all together, and for each network, so that one network
// leaves something to the others.
import { networkOf } from '../../connection/connection-limits.js';
import { createTokenBucket, type TokenBucket } from '../../util/token-bucket.js';
import type { ByteShare } from './body.js';

/** A share of `bytes` for each network that holds any. */
export function createNetworkShares(bytes: number): {
  of(address: string): ByteShare;
  /** Forgets the share of an address if nothing of it is held. */
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

/** The networks whose rate is remembered, at most. A forgotten one begins anew; all together stay bounded. */
const maxNetworks = 1_000;

/**
 * Bounds steps to `rate` per second for all networks together, twice as many at once, and to half of that for
 * one network.
 */
export function createNetworkPace(
  rate: number,
  now: number,
): (address: string, steps: number, now: number) => boolean {
  const sharedBucket = createTokenBucket(rate, now);
  const networks = new Map<string, TokenBucket>();
  return (address, steps, at) => {
    const network = networkOf(address);
    const networkBucket = networks.get(network) ?? createTokenBucket(rate / 2, at);
    networks.delete(network);
    networks.set(network, networkBucket);
    for (const oldest of networks.keys()) {
      if (networks.size <= maxNetworks) break;
      networks.delete(oldest);
    }
    // Steps that one network has too many take nothing from the others.
    for (let step = 0; step < steps; step++)
      if (networkBucket.take(at) > 0 || sharedBucket.take(at) > 0) return false;
    return true;
  };
}
