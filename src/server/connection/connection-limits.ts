// How many connections there are, and whose: those of which nobody knows yet, of one address, of one user. And what those of which nobody knows hold.
import type { RequestInfo } from '../ports/ports.js';

/** A connection, to be counted. */
export interface Counted {
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
export interface NoRoom {
  readonly code: 1013 | 4429;
  readonly reason: string;
}

export interface Census {
  /** A connection is opened. Counts it, or says why it may not be. */
  arrive(peer: Counted): NoRoom | null;
  /** Somebody said who they are, as a user of this id. Counts them, or says why they may not stay. */
  know(peer: Counted, user: string | null): NoRoom | null;
  leave(peer: Counted): void;
  /** How many connections a user has. */
  of(user: string): number;
  /** Whether what a connection said, which costs so much in memory, may wait: always, once it has said who it is. Why not, otherwise. It is counted until the connection is known, or gone. */
  hold(peer: Counted, weight: number): NoRoom | null;
  /** Whether no more may come. */
  readonly full: boolean;
}

/** Whose address it is: with IPv6, whoever has one has all of its /64. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const groups = [
    ...head,
    ...Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0'),
    ...tail,
  ];
  return groups.slice(0, 4).join(':');
}

/** What a connection that has not said who it is may have said beside, in bytes of memory. */
const strangerWeight = 262_144;
/** What all of them may have said, as a part of the heap. */
const strangersPart = 1 / 16;

export function createCensus(
  { total: most, strangers: mostStrangers, perUser, perAddress }: ConnectionLimits,
  heapBytes: number,
): Census {
  /** What each of them holds, in bytes of memory. */
  const strangers = new Map<Counted, number>();
  let held = 0;
  let total = 0;
  const users = new Map<string, number>();
  const addresses = new Map<string, number>();
  /** What a connection is counted as. */
  const known = new WeakMap<Counted, string>();

  const less = (counts: Map<string, number>, key: string): void => {
    const left = (counts.get(key) ?? 0) - 1;
    if (left > 0) counts.set(key, left);
    else counts.delete(key);
  };

  const forget = (stranger: Counted): void => {
    held -= strangers.get(stranger) ?? 0;
    strangers.delete(stranger);
  };

  return {
    arrive(peer) {
      const address = networkOf(peer.request.address);
      if (total >= most) return { code: 1013, reason: 'too many connections' };
      if (strangers.size >= mostStrangers)
        return { code: 1013, reason: 'too many connections that have not said who they are' };
      const there = addresses.get(address) ?? 0;
      if (there >= perAddress) return { code: 4429, reason: 'too many connections from this address' };
      addresses.set(address, there + 1);
      strangers.set(peer, 0);
      total++;
      return null;
    },
    know(peer, user) {
      forget(peer);
      if (user === null) return null;
      const there = users.get(user) ?? 0;
      if (there >= perUser) return { code: 4429, reason: 'too many connections of this user' };
      users.set(user, there + 1);
      known.set(peer, user);
      return null;
    },
    of: (user) => users.get(user) ?? 0,
    hold(peer, weight) {
      const before = strangers.get(peer);
      if (before === undefined) return null;
      if (before + weight > strangerWeight)
        return { code: 4429, reason: 'too much was said before hello was answered' };
      if (held + weight > heapBytes * strangersPart)
        return { code: 1013, reason: 'too much waits of connections that have not said who they are' };
      strangers.set(peer, before + weight);
      held += weight;
      return null;
    },
    get full() {
      return total >= most;
    },
    leave(peer) {
      total--;
      forget(peer);
      less(addresses, networkOf(peer.request.address));
      const user = known.get(peer);
      if (user !== undefined) less(users, user);
    },
  };
}
