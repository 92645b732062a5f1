// What one transport is in its life, and what outlives it.
import type { CloseReason } from '../../../protocol/codes.js';

/**
 * One transport's life.
 *
 * ```
 * idle ─connect─► opening ─opened─► greeting ─welcome─► live
 *                   ▲  │               │                 │
 *                   │  └──── lost ─────┴──────┬──────────┘
 *                retryAt                      ▼
 *                   └────────────── waiting | offline | needs-auth | closed
 * ```
 * `offline` is left by `online`; `needs-auth` and `closed` only by the app.
 */
export type Connection =
  | { readonly status: 'idle' }
  | Opening
  | Greeting
  | Live
  | { readonly status: 'waiting'; readonly retryAt: number }
  | { readonly status: 'offline'; readonly since: number }
  | { readonly status: 'needs-auth' }
  | { readonly status: 'closed' };

export type Transport = 'websocket' | 'http';

export interface Opening {
  readonly status: 'opening';
  readonly attempt: number;
  readonly giveUpAt: number;
}

export interface Greeting {
  readonly status: 'greeting';
  readonly attempt: number;
  readonly giveUpAt: number;
  readonly transport: Transport;
  readonly codec: string;
}

/** The attempt that owns a socket or is about to; 0 where there is none. */
export const attemptOf = (connection: Connection): number =>
  'attempt' in connection ? connection.attempt : 0;

/** All that do: more than one while one follows another. */
export const attemptsOf = (connection: Connection): readonly number[] =>
  (connection.status === 'live'
    ? [connection.gone ? 0 : connection.attempt, connection.next?.attempt ?? 0, connection.old]
    : [attemptOf(connection)]
  ).filter(Boolean);

export interface Live {
  readonly status: 'live';
  readonly attempt: number;
  readonly since: number;
  readonly transport: Transport;
  readonly codec: string;
  /** Whether this is the same session's next connection. */
  readonly recovered: boolean;
  /** The server's clock less ours, in ms. */
  readonly skew: number;
  /** Since when every room that was joined before is back; Infinity: one is not. Only where that lasts is it no longer counted as brief. */
  readonly settledAt: number;
  readonly interval: number;
  readonly timeout: number;
  /** When the server last answered a frame of this client. */
  readonly heardAt: number;
  readonly pingAt: number;
  /** Set while the link is doubted: nothing is written, and without an answer until then it is given up. */
  readonly probeUntil: number | null;
  /** When to follow a `goaway`; Infinity: there was none. */
  readonly moveAt: number;
  /** Over how many ms this node's clients come back where it falls. */
  readonly spread: number;
  /** The connection that is to follow this one. */
  readonly next: Opening | Greeting | null;
  /** Whether that one has taken the session over, and this one's link is no more. */
  readonly gone: boolean;
  /** Whether one that came to nothing had said hello: a node may still say that it took this one over. */
  readonly greeted: boolean;
  /** The attempt that this one follows, while rooms still hear from it; 0: none. */
  readonly old: number;
  /** When rooms that have not joined here by then are waited for without it; Infinity: all have. */
  readonly oldUntil: number;
  /** When to ask for the next token; Infinity: never. */
  readonly refreshAt: number;
  /** When the token ends, as far as is known here. */
  readonly expiresAt: number;
}

/** What outlives an attempt. */
export interface Retry {
  /** Failed attempts since the last settled connection, and those connections that were brief. */
  readonly failures: number;
  /** Settled connections in a row of which none lasted. */
  readonly brief: number;
  /** When the connection was lost; null before the first and while live. */
  readonly since: number | null;
  /** Whether it is lost for so long that a person should be told. */
  readonly lost: boolean;
  /** Why the last connection or attempt ended; null before the first and while live. */
  readonly reason: CloseReason | null;
  /** Attempts since the app asked to connect or the connection was lost. */
  readonly tries: number;
  /** Over how many ms the clients of the server that fell come back, as it said. */
  readonly spread: number;
  /** When a signal last made it try at once. */
  readonly wokenAt: number;
}

export interface Signals {
  readonly online: boolean;
  readonly visible: boolean;
  /** Between `pagehide` and `pageshow`. */
  readonly frozen: boolean;
}
