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

function decrement(counts: Map<string, number>, key: string): void {
  const countLeft = (counts.get(key) ?? 0) - 1;
  if (countLeft > 0) counts.set(key, countLeft);
  else counts.delete(key);
}

const busy = (reason: string): LimitReached => ({ code: closeCodes.busy, reason });
const tooMany = (reason: string): LimitReached => ({ code: closeCodes['rate-limited'], reason });

export class ConnectionCounts {
  private readonly limits: ConnectionLimits;
  private readonly maxHeldBytes: number;
  /** The memory that the waiting frames of each take, in bytes. */
  private readonly unidentified = new Map<CountedConnection, number>();
  private heldBytes = 0;
  private openCount = 0;
  private readonly countByUser = new Map<string, number>();
  private readonly countByAddress = new Map<string, number>();
  /** The user that a connection is counted for. */
  private readonly userOfConnection = new WeakMap<CountedConnection, string>();

  constructor(limits: ConnectionLimits, heapBytes: number) {
    this.limits = limits;
    this.maxHeldBytes = heapBytes * unidentifiedHeapShare;
  }

  /** Whether no more connections are let in. */
  get isFull(): boolean {
    return this.openCount >= this.limits.total;
  }

  /** Counts a connection that opens. Returns why it is not let in, or null. */
  admit(connection: CountedConnection): LimitReached | null {
    const address = networkOf(connection.request.address);
    if (this.isFull) return busy('too many connections');
    if (this.unidentified.size >= this.limits.strangers)
      return busy('too many connections that have not said who they are');
    const countBefore = this.countByAddress.get(address) ?? 0;
    if (countBefore >= this.limits.perAddress) return tooMany('too many connections from this address');
    this.countByAddress.set(address, countBefore + 1);
    this.unidentified.set(connection, 0);
    this.openCount++;
    return null;
  }

  /**
   * The connection belongs to this user; null for a session without a user. Returns why it must not stay, or
   * null.
   */
  identify(connection: CountedConnection, user: string | null): LimitReached | null {
    this.forgetUnidentified(connection);
    if (user === null) return null;
    const countBefore = this.countOf(user);
    if (countBefore >= this.limits.perUser) return tooMany('too many connections of this user');
    this.countByUser.set(user, countBefore + 1);
    this.userOfConnection.set(connection, user);
    return null;
  }

  /** The number of connections of a user. */
  countOf(user: string): number {
    return this.countByUser.get(user) ?? 0;
  }

  /**
   * Counts the memory of a frame that waits before hello is answered, until the connection is identified or
   * gone. Returns why the frame must not wait, or null.
   */
  holdBytes(connection: CountedConnection, bytes: number): LimitReached | null {
    const bytesBefore = this.unidentified.get(connection);
    if (bytesBefore === undefined) return null;
    if (bytesBefore + bytes > maxUnidentifiedBytes)
      return tooMany('too much was said before hello was answered');
    if (this.heldBytes + bytes > this.maxHeldBytes)
      return busy('too much waits from connections that have not said who they are');
    this.unidentified.set(connection, bytesBefore + bytes);
    this.heldBytes += bytes;
    return null;
  }

  release(connection: CountedConnection): void {
    this.openCount--;
    this.forgetUnidentified(connection);
    decrement(this.countByAddress, networkOf(connection.request.address));
    const user = this.userOfConnection.get(connection);
    if (user !== undefined) decrement(this.countByUser, user);
  }

  private forgetUnidentified(connection: CountedConnection): void {
    this.heldBytes -= this.unidentified.get(connection) ?? 0;
    this.unidentified.delete(connection);
  }
}
