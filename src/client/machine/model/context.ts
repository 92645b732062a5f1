// What a transition is told besides state and event: the moment, the dice, the options, and how a room reads its messages.
import type { Failure, Session } from './state.js';

export interface Config {
  readonly backoff: {
    readonly initial: number;
    readonly max: number;
    readonly factor: number;
    readonly attempts: number;
  };
  /** The client's own wish; the server's welcome may tighten it. */
  readonly heartbeat: { readonly interval: number; readonly timeout: number };
  /** Covers the url and token promises, the opening and the welcome. */
  readonly connectTimeout: number;
  readonly outbox: {
    readonly limit: number;
    readonly bytes: number;
    readonly window: number;
    readonly ttl: number | null;
    /** In ms. */
    readonly maxAge: number;
    readonly overflow: 'reject' | 'drop-oldest';
  };
  /** Whether there is a token to ask for. */
  readonly hasToken: boolean;
}

export interface Context {
  readonly now: number;
  /** From 0, below 1. */
  readonly random: () => number;
  /** A session nobody can guess. */
  readonly newSession: () => Session;
  readonly config: Config;
  /** A message as this end's contract reads it, upgraded where it is old. */
  readonly read: (
    room: string,
    type: string,
    version: number,
    data: unknown,
  ) => { readonly data: unknown } | Failure;
}

/** How long a doubted link may take to answer. */
export const probeTime = 2_000;
/** How long a room outlives its last user: longer than StrictMode's remount and a route change. */
export const linger = 1_000;
/** How long the others of a room are shown as stale. */
export const staleTime = 30_000;
/** The least time between two presence frames of a room. */
export const presenceInterval = 50;
/** When a lost connection is worth telling a person. */
export const lostAfter = 5_000;
/** How long, and how many, acknowledged messages are kept for a log that loses its newest entries. */
export const keepTime = 120_000;
export const keepCount = 1_000;
/** The least time between two attempts that a signal made at once, and how long a connection lasts before it proves anything. */
export const wakeInterval = 5_000;
/** The least time from a join to the next on one connection, and from one try to move to the next. */
export const joinInterval = 1_000;
/** The least time from a message that was not taken for now to the same again. */
export const leastPause = 50;
/** The shortest heartbeat that a server is followed in. */
export const leastInterval = 100;
/** The most members of a room that are shown. */
export const mostMembers = 100_000;
/** Volatile messages of one room that may wait for the end of a turn. */
export const volatileLimit = 1_000;
