// The number of connections: of all, of those that have not said hello, of one address and of one user. Also
// the memory that the frames of unidentified connections take.
import { closeCodes } from '../../protocol/codes.js';
import type { RequestInfo } from '../ports/ports.js';

/** A connection that is counted. */
export interface CountedConnection {
  readonly request: RequestInfo;
}

/** How many connections may be open at once. Each must be a number from 1. */
export interface ConnectionLimits {
  /**
   * All connections of one node. Beyond that an upgrade is refused with 503, so that a balancer tries another
   * node, and `/health/ready` answers 503.
   *
   * @default Infinity
   */
  readonly total: number;
  /**
   * Connections of one node that have not said who they are.
   *
   * @default 1_000
   */
  readonly strangers: number;
  /**
   * Connections of one user on one node: tabs, devices, and connections that broke without a sign. Sessions
   * that are only shown (`presenceGrace`) fill the room that is left.
   *
   * @default 100
   */
  readonly perUser: number;
  /**
   * Connections from one address on one node, or from one /64 network of IPv6. A network may share one
   * address, and without `trustProxy` all clients behind a proxy do.
   *
   * @default Infinity
   */
  readonly perAddress: number;
}

/** Why a connection is not let in. */
export interface LimitReached {
  readonly code: number;
  readonly reason: string;
}

export interface ConnectionCounts {
  /** Counts a connection that opens. Returns why it is not let in, or null. */
  admit(peer: CountedConnection): LimitReached | null;
  /**
   * The connection belongs to this user; null for a session without a user. Returns why it must not stay, or
   * null.
   */
  identify(peer: CountedConnection, user: string | null): LimitReached | null;
  release(peer: CountedConnection): void;
  /** The number of connections of a user. */
  countOf(user: string): number;
  /**
   * Counts the memory of a frame that waits before hello is answered, until the connection is identified or
   * gone. Returns why the frame must not wait, or null.
   */
  holdBytes(peer: CountedConnection, weight: number): LimitReached | null;
  /** Whether no more connections are let in. */
  readonly isFull: boolean;
}

/** The network of an address: for IPv6 its /64, since one client may use all of it. */
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

/** The memory that waiting frames of one unidentified connection may take, in bytes. */
const maxUnidentifiedBytes = 262_144;
/** The memory that those of all unidentified connections may take, as a part of the heap. */
const unidentifiedHeapShare = 1 / 16;

export function createConnectionCounts(
  { total: maxTotal, strangers: maxUnidentified, perUser, perAddress }: ConnectionLimits,
  heapBytes: number,
): ConnectionCounts {
  /** The memory that the waiting frames of each take, in bytes. */
  const unidentified = new Map<CountedConnection, number>();
  let heldBytes = 0;
  let total = 0;
  const countByUser = new Map<string, number>();
  const countByAddress = new Map<string, number>();
  /** The user that a connection is counted for. */
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
          reason: 'too much waits from connections that have not said who they are',
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
