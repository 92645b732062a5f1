// What the server core needs of the world, so that it runs in Node, in a browser tab, and under a virtual clock.
import type { Encoded } from '../../protocol/codec.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import type { SetTimer } from '../util/set-timer.js';
import type { Meter } from './meter.js';

export interface ServerPorts {
  /** The wall clock, in ms: what others are told, and when tokens expire. It may be set. */
  readonly now: () => number;
  /** Ms since some moment, which go on at the pace of time whatever happens to the wall clock: every deadline is by it. */
  readonly monotonicNow: () => number;
  /** Calls once after `delay` ms, unless the returned function was called before. */
  readonly setTimer: SetTimer;
  /** Calls at the end of this turn of the event loop. */
  readonly atEndOfTurn: (call: () => void) => void;
  /** From 0, below 1. */
  readonly random: () => number;
  readonly randomId: (characters: number) => string;
  /** The id of the member that a session is, made of its text: 16 characters of base64url from a one-way hash, so that nobody learns a session key from one. */
  readonly digest: (text: string) => MaybePromise<string>;
  /** Whether a client may be told why the app's code failed, in the words of its exception. Default: none may. */
  readonly mayExplainFailure?: (request: RequestInfo) => boolean;
  /** What the process may take in memory, in bytes: what others may make it hold is a part of that. Default 1 GiB. */
  readonly heapBytes?: number;
  /** Who is told what is measured. Default: nobody. */
  readonly meter?: Meter;
}

/** A connection as the core sees it. */
export interface Transport {
  /** One message. */
  send(data: Encoded): void;
  close(code: number, reason: string): void;
  /** Cuts it without a close. */
  terminate(): void;
  /** A ping of the transport's own, where it has one, and one message with it. */
  ping?(message: Encoded): void;
  /** Bytes taken from us that the network has not taken yet. */
  buffered(): number;
}

/** What the edge tells the core of a connection. None of them throws. */
export interface TransportEvents {
  message(data: Encoded): void;
  /** So many pings and pongs of the transport's own: they prove life, and each counts as a frame. */
  control(count: number): void;
  closed(code: number): void;
  /** Whether it has not said who it is yet. Default: it is not known. */
  isUnidentified?(): boolean;
}

/** Of the request that opened a connection. */
export interface RequestInfo {
  readonly origin: string | null;
  /** Where it comes from; behind a proxy that is trusted, what the proxy says. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}
