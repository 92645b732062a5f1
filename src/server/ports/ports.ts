// The interface between the server core and the world, so that the core runs in Node, in a browser tab, and
// under a virtual clock.
import type { Encoded } from '../../protocol/codec.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import type { SetTimer } from '../util/set-timer.js';
import type { Meter } from './meter.js';

export interface ServerPorts {
  /** The wall clock, in ms. Clients are told it, and tokens expire by it. It may be set. */
  readonly now: () => number;
  /** A clock in ms that nobody sets. Every deadline is by it. */
  readonly monotonicNow: () => number;
  /** Calls back once after `delayMs`, unless the returned function is called first. */
  readonly setTimer: SetTimer;
  /** Calls at the end of this turn of the event loop. */
  readonly atEndOfTurn: (call: () => void) => void;
  /** A random number from 0, below 1. */
  readonly random: () => number;
  readonly randomId: (characters: number) => string;
  /**
   * Makes the member id of a session from its text: 16 characters of base64url from a one-way hash, so that a
   * member id does not give its session key away.
   */
  readonly digest: (text: string) => MaybePromise<string>;
  /** Whether a client may be told the words of an exception of the app's code. By default no client is. */
  readonly mayExplainFailure?: (request: RequestInfo) => boolean;
  /**
   * The memory that the process may take, in bytes. Bounds on what clients make it hold are parts of it. By
   * default 1 GiB.
   */
  readonly heapBytes?: number;
  /** The meter of this server. By default nothing is measured. */
  readonly meter?: Meter;
}

/** A connection as the core sees it. */
export interface Transport {
  /** Sends one message. */
  send(data: Encoded): void;
  close(code: number, reason: string): void;
  /** Ends the connection without a close. */
  terminate(): void;
  /** Sends a ping of the transport's own and a message, in one write. Absent if the transport has no ping. */
  ping?(message: Encoded): void;
  /** The bytes that were sent and that the network has not taken yet. */
  buffered(): number;
}

/** The events of a connection, from its transport to the core. None of these methods throws. */
export interface TransportEvents {
  message(data: Encoded): void;
  /**
   * Pings and pongs of the transport's own arrived. They prove that the client lives, and each counts as a
   * frame.
   */
  control(count: number): void;
  closed(code: number): void;
  /** Whether the session has not said hello yet. Absent if that is not known. */
  isUnidentified?(): boolean;
}

/** The request that opened a connection. */
export interface RequestInfo {
  readonly origin: string | null;
  /** The address of the client. Behind a proxy that is trusted, the address that the proxy states. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}
