// How many connections there are, and whose: those of which nobody knows yet, of one address, of one user. And what those of which nobody knows hold.
import { closeCodes } from '../../protocol/codes.js';
import type { RequestInfo } from '../ports/ports.js';

/** A connection, to be counted. */
export interface CountedConnection {
  readonly request: RequestInfo;
}

/** How many connections may be open at once. */
export interface ConnectionLimits {
  /** All together, on one node. Beyond them the upgrade is refused with 503, so that a balancer tries another node, and `/health/ready` says so. Default `Infinity`. */
  readonly total: number;
  /** That have not said who they are. Default 1,000. */
  readonly strangers: number;
  /** Of one user, on one node: tabs, devices, and those that broke without a word. Of sessions that are only shown still (`presenceGrace`), as many are left as there is room for. Default 100. */
  readonly perUser: number;
  /** From one address, or one /64 network of IPv6, on one node. Default `Infinity`: a network may share one address, and behind a proxy everybody does unless `trustProxy` is set. */
  readonly perAddress: number;
}

/** Why a connection is not let in. */
export interface LimitReached {
  readonly code: number;
  readonly reason: string;
}

export interface ConnectionCounts {
  /** A connection is opened. Counts it, or says why it may not be. */
  admit(peer: CountedConnection): LimitReached | null;
  /** Somebody said who they are, as a user of this id. Counts them, or says why they may not stay. */
  identify(peer: CountedConnection, user: string | null): LimitReached | null;
  release(peer: CountedConnection): void;
  /** How many connections a user has. */
  countOf(user: string): number;
  /** Whether what a connection said, which costs so much in memory, may wait: always, once it has said who it is. Why not, otherwise. It is counted until the connection is known, or gone. */
  holdBytes(peer: CountedConnection, weight: number): LimitReached | null;
  /** Whether no more may come. */
  readonly isFull: boolean;
}

/** Whose address it is: with IPv6, whoever has one has all of its /64. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const ipv4 = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (ipv4 !== undefined) return ipv4;
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const groups = [
    ...head,
    ...Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0'),
    ...tail,
  ];
  return groups.slice(0, 4).join(':');
}

/** What a connection that has not said who it is may have said beside, in bytes of memory. */
const maxUnidentifiedBytes = 262_144;
/** What all of them may have said, as a part of the heap. */
const unidentifiedHeapShare = 1 / 16;

export function createConnectionCounts(
  { total: maxTotal, strangers: maxUnidentified, perUser, perAddress }: ConnectionLimits,
  heapBytes: number,
): ConnectionCounts {
  /** What each of them holds, in bytes of memory. */
  const unidentified = new Map<CountedConnection, number>();
  let heldBytes = 0;
  let total = 0;
  const countByUser = new Map<string, number>();
  const countByAddress = new Map<string, number>();
  /** What a connection is counted as. */
  const userOfConnection = new WeakMap<CountedConnection, string>();

  const decrement = (counts: Map<string, number>, key: string): void => {
    const countLeft = (counts.get(key) ?? 0) - 1;
    if (countLeft > 0) counts.set(key, countLeft);
    else counts.delete(key);
  };

  const forgetUnidentified = (connection: CountedConnection): void => {
    heldBytes -= unidentified.get(connection) ?? 0;
    unidentified.delete(connection);
  };

  return {
    admit(peer) {
      const address = networkOf(peer.request.address);
      if (total >= maxTotal) return { code: closeCodes.busy, reason: 'too many connections' };
      if (unidentified.size >= maxUnidentified)
        return { code: closeCodes.busy, reason: 'too many connections that have not said who they are' };
      const countBefore = countByAddress.get(address) ?? 0;
      if (countBefore >= perAddress)
        return { code: closeCodes['rate-limited'], reason: 'too many connections from this address' };
      countByAddress.set(address, countBefore + 1);
      unidentified.set(peer, 0);
      total++;
      return null;
    },
    identify(peer, user) {
      forgetUnidentified(peer);
      if (user === null) return null;
      const countBefore = countByUser.get(user) ?? 0;
      if (countBefore >= perUser)
        return { code: closeCodes['rate-limited'], reason: 'too many connections of this user' };
      countByUser.set(user, countBefore + 1);
      userOfConnection.set(peer, user);
      return null;
    },
    countOf: (user) => countByUser.get(user) ?? 0,
    holdBytes(peer, weight) {
      const before = unidentified.get(peer);
      if (before === undefined) return null;
      if (before + weight > maxUnidentifiedBytes)
        return { code: closeCodes['rate-limited'], reason: 'too much was said before hello was answered' };
      if (heldBytes + weight > heapBytes * unidentifiedHeapShare)
        return {
          code: closeCodes.busy,
          reason: 'too much waits of connections that have not said who they are',
        };
      unidentified.set(peer, before + weight);
      heldBytes += weight;
      return null;
    },
    get isFull() {
      return total >= maxTotal;
    },
    release(peer) {
      total--;
      forgetUnidentified(peer);
      decrement(countByAddress, networkOf(peer.request.address));
      const user = userOfConnection.get(peer);
      if (user !== undefined) decrement(countByUser, user);
    },
  };
}
