// What the client knows of its connection, and what outlives one connection.
import type { CloseReason } from '../../../protocol/codes.js';
import { never } from './limits.js';

/**
 * The life of a connection.
 *
 * ```
 * idle ─connect─► opening ─opened─► greeting ─welcome─► live
 *                   ▲  │               │                 │
 *                   │  └──── lost ─────┴──────┬──────────┘
 *                retryAt                      ▼
 *                   └────────────── waiting | offline | needs-auth | closed
 * ```
 * `offline` is left by the signal `online`; `needs-auth` and `closed` only by the app.
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

/** The url and the token are asked for, and a socket is opened. */
export interface Opening {
  readonly status: 'opening';
  readonly attempt: number;
  readonly giveUpAt: number;
}

/** `hello` was sent, and `welcome` is awaited. */
export interface Greeting {
  readonly status: 'greeting';
  readonly attempt: number;
  readonly giveUpAt: number;
  readonly transport: Transport;
  readonly codec: string;
}

export interface Live {
  readonly status: 'live';
  readonly attempt: number;
  readonly since: number;
  readonly transport: Transport;
  readonly codec: string;
  /** The member is the same as on the connection before. */
  readonly recovered: boolean;
  /** The server's clock less the client's, in ms. */
  readonly clockSkew: number;
  /**
   * When the last room was rejoined; `never` while one is missing. Failures are forgotten only `settledMs` after it.
   */
  readonly settledAt: number;
  /** If this node falls, its clients come back over this many ms. */
  readonly returnSpread: number;
  readonly heartbeat: Heartbeat;
  readonly token: TokenLife;
  readonly handover: Handover;
  /** A failed handover got as far as `hello`, so a late 4009 (replaced) may still arrive here and must be retried. */
  readonly helloWasSentElsewhere: boolean;
}

export interface Heartbeat {
  readonly interval: number;
  readonly timeout: number;
  /** When the server last answered a frame of this client. */
  readonly answeredAt: number;
  readonly pingAt: number;
  /**
   * While the connection is doubted: nothing is written, and without an answer by then it is given up. `never`
   * otherwise.
   */
  readonly probeUntil: number;
}

export interface TokenLife {
  /** When the next token is asked for. */
  readonly refreshAt: number;
  /** When the token ends, as far as the client knows. */
  readonly expiresAt: number;
}

/** The way from this connection to the next one, which a `goaway` asks for. */
export type Handover =
  | { readonly stage: 'none' }
  | { readonly stage: 'scheduled'; readonly at: number }
  | {
      readonly stage: 'opening';
      readonly next: Opening | Greeting;
      /** The next connection has taken the session over, and this one is gone. */
      readonly superseded: boolean;
    }
  | {
      readonly stage: 'overlapping';
      /** The attempt of the connection before: rooms that have not rejoined hear from it. Null if it is gone. */
      readonly previous: number | null;
      /** The previous connection is closed at this time even if some rooms have not rejoined yet. */
      readonly until: number;
      /** A `goaway` that came meanwhile is followed at this time. */
      readonly thenMoveAt: number;
    };

export const noHandover: Handover = { stage: 'none' };

/** The connection that is to follow this one. */
export const nextConnection = ({ handover }: Live): Opening | Greeting | null =>
  handover.stage === 'opening' ? handover.next : null;

/** The link may be dead: the client waits for an answer, and writes nothing. */
export const isDoubted = ({ heartbeat }: Live): boolean => heartbeat.probeUntil < never;

/** The attempt that owns a socket or is about to; null if there is none. */
export const attemptOf = (connection: Connection): number | null =>
  'attempt' in connection ? connection.attempt : null;

/** Every attempt that owns a socket: two during a handover. */
export function attemptsOf(connection: Connection): readonly number[] {
  if (!('attempt' in connection)) return [];
  const { attempt } = connection;
  if (connection.status !== 'live') return [attempt];
  const { handover } = connection;
  if (handover.stage === 'opening')
    return handover.superseded ? [handover.next.attempt] : [attempt, handover.next.attempt];
  return handover.stage === 'overlapping' && handover.previous !== null
    ? [attempt, handover.previous]
    : [attempt];
}

/** What outlives an attempt. */
export interface Retry {
  /** Attempts that failed since the last settled connection, and settled connections that were brief. */
  readonly failures: number;
  /** Settled connections in a row that did not last. */
  readonly briefConnections: number;
  /** When the connection was lost; null before the first connection and while there is one. */
  readonly lostAt: number | null;
  /** The connection is lost for so long that a person should be told. */
  readonly isLong: boolean;
  /** Why the last connection or attempt ended; null before the first connection and while there is one. */
  readonly reason: CloseReason | null;
  /** Attempts since the app asked to connect or the connection was lost. */
  readonly attempts: number;
  /** The clients of the server that fell come back over this many ms, as that server said. */
  readonly returnSpread: number;
  /** When a signal of the browser last started an attempt at once. */
  readonly wokenAt: number;
}

export interface Signals {
  readonly online: boolean;
  readonly visible: boolean;
  /** Between `pagehide` and `pageshow`. */
  readonly frozen: boolean;
}
