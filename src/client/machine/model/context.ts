// What a transition needs besides state and event: the time, random numbers, options, and the contracts of the rooms.
import type { Failure } from './message.js';
import type { Session } from './state.js';

/** Times in ms. */
export interface Config {
  readonly backoff: {
    readonly initial: number;
    readonly max: number;
    readonly factor: number;
    readonly attempts: number;
  };
  /** The client's own wish; the server's `welcome` may ask for shorter times. */
  readonly heartbeat: { readonly interval: number; readonly timeout: number };
  /** The url and token functions, the opening of the socket and `welcome` have this time together. */
  readonly connectTimeout: number;
  readonly outbox: {
    readonly limit: number;
    readonly bytes: number;
    readonly window: number;
    readonly ttl: number | null;
    readonly maxAge: number;
    readonly overflow: 'reject' | 'drop-oldest';
  };
  /** The app gave a token or a function that returns one. */
  readonly hasToken: boolean;
}

export interface Context {
  readonly now: number;
  /** From 0, below 1. */
  readonly random: () => number;
  /** A session with keys that cannot be guessed. */
  readonly newSession: () => Session;
  readonly config: Config;
  /** The data of a message as this client's contract of the room reads it, upgraded if its version is old. */
  readonly parse: (
    room: string,
    type: string,
    version: number,
    data: unknown,
  ) => { readonly data: unknown } | Failure;
}
