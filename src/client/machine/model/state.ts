// Everything the client knows, as one immutable value.
import type { UserInfo } from '../../../protocol/frames.js';
import { defaultClientLimits, type ClientLimits } from '../../../protocol/limits.js';
import type { Connection, Retry, Signals } from './connection-state.js';
import { never } from './limits.js';
import type { Room } from './room-state.js';

/** The member that the server made of this client's session. */
export interface Self {
  /** The key of that session. */
  readonly key: string;
  readonly member: string;
  readonly user: UserInfo | null;
}

export interface Session {
  readonly key: string;
  readonly instance: string;
  /**
   * The id of its user, or null for no user in particular. Undefined if the session is not from storage, or its user
   * is not known.
   */
  readonly owner?: string | null | undefined;
  /** The member that the server made of it before, if the session is from storage and that is known. */
  readonly member?: string | undefined;
  /** No other client can have this session: an older connection that the server still knows is to be replaced. */
  readonly held?: boolean;
}

/** How far a backlog is sent. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** Round trips in ms, as the heartbeat measures them. `jitter` as in RFC 3550 §6.4.1, on round trips. */
export interface Latency {
  readonly last: number;
  readonly average: number;
  readonly jitter: number;
}

export interface State {
  readonly connection: Connection;
  /** The number of the newest attempt. Each event from a socket or a token request carries the number of its own. */
  readonly attempt: number;
  readonly retry: Retry;
  readonly signals: Signals;
  readonly session: Session;
  /** Own messages are written to storage before they are sent. */
  readonly durable: boolean;
  readonly self: Self | null;
  readonly limits: ClientLimits;
  readonly rooms: ReadonlyMap<string, Room>;
  /** Set while a backlog is sent. */
  readonly progress: Progress | null;
  readonly latency: Latency | null;
}

/** What the browser says before it has said anything. */
export const initialSignals: Signals = { online: true, visible: true, frozen: false };

export function initialState(session: Session): State {
  return {
    connection: { status: 'idle' },
    attempt: 0,
    retry: {
      failures: 0,
      briefConnections: 0,
      lostAt: null,
      isLong: false,
      reason: null,
      attempts: 0,
      returnSpread: 0,
      wokenAt: -never,
    },
    signals: initialSignals,
    session,
    durable: false,
    self: null,
    limits: defaultClientLimits,
    rooms: new Map(),
    progress: null,
    latency: null,
  };
}
