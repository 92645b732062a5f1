// Everything the client knows, as one immutable value.
import type { ErrorCode } from '../../../protocol/codes.js';
import type { UserInfo } from '../../../protocol/frames.js';
import { defaultClientLimits, type ClientLimits } from '../../../protocol/limits.js';
import type { Position } from '../../../protocol/position.js';
import type { Connection, Retry, Signals } from './connection-state.js';
import type { Queue } from './shared-queue.js';

export interface Self {
  /** The session that it is the member of. */
  readonly key: string;
  readonly member: string;
  readonly user: UserInfo | null;
}

export interface Session {
  readonly key: string;
  readonly instance: string;
  /** The id of its user, where it came from storage and that is known; null: nobody in particular. */
  readonly owner?: string | null | undefined;
  /** The member that the server made of it before, where it came from storage and that is known. */
  readonly member?: string | undefined;
  /** Whether nobody else can have it: its older connection, if the server still believes in one, is to be replaced. */
  readonly held?: boolean;
}

/** A joined session, as others see it. */
export interface Member {
  readonly id: string;
  readonly user: UserInfo | null;
  readonly presence: unknown;
  /** Set while our own connection is down and this is the last that was known. */
  readonly stale?: true;
}

/** An entry of a room's log, or one of our own that is on its way there. */
export interface Message {
  readonly id: string;
  readonly room: string;
  readonly type: string;
  readonly data: unknown;
  /** Its place in the log; null while it has none. */
  readonly offset: number | null;
  /** The server's clock for a logged message, ours for one of our own that is not, in ms. */
  readonly timestamp: number;
  readonly sender: Member | null;
  /** Only on our own messages that are not in the list by the log yet. */
  readonly status?: 'queued' | 'sending' | 'sent' | 'failed';
}

export type Continuity = 'exact' | 'recovered' | 'gap' | 'reset';

/** A failure as data: machines return it, handles make an error of it. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: unknown;
}

/** `wanted`: a join is due at a moment. `left`: kept for its lists, for messages that failed, or for somebody who is about to use it. */
export type Phase =
  | { readonly status: 'wanted'; readonly at: number }
  | { readonly status: 'joining' | 'joined' | 'denied' | 'left' };

/** A list of a room's messages that some hook asked for, of one type or of all (`'*'`). */
export interface List {
  readonly users: number;
  readonly limit: number;
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
  /** The lowest offset that was looked at, whatever its type: what is older comes before it. Null before anything was. */
  readonly oldest: number | null;
  readonly loading: boolean;
  /** Offsets known to be missing, both included. */
  readonly gap: readonly [from: number, to: number] | null;
}

export interface HistoryRequest {
  readonly ref: number;
  readonly before: number | null;
  readonly limit: number;
  /** The list it fills, or null for a handle's own request. */
  readonly list: string | null;
  /** The attempt it was written on, 0 before. */
  readonly sentOn: number;
}

export interface Volatile {
  readonly type: string;
  readonly version: number;
  readonly data: unknown;
}

export interface Room {
  readonly id: string;
  readonly users: number;
  /** When to leave, once nobody uses it. */
  readonly leaveAt: number | null;
  readonly phase: Phase;
  /** When it was last joined; 0: not yet. */
  readonly joinedAt: number;
  readonly position: Position | null;
  /** Where it stood when it was joined on the next connection, while the one before still serves it. */
  readonly asked: Position | null;
  readonly continuity: Continuity;
  readonly error: Failure | null;
  /** Entries of history that a first join asks for. */
  readonly history: number;
  readonly lists: ReadonlyMap<string, List>;
  readonly requests: readonly HistoryRequest[];
  /** Own messages that are acknowledged but not seen in the log yet. */
  readonly echoes: readonly Message[];
  readonly members: ReadonlyMap<string, Member>;
  /** When stale members are dropped. */
  readonly staleUntil: number | null;
  /** Own presence as a whole, as the app said it; null: none is shown. */
  readonly mine: Readonly<Record<string, unknown>> | null;
  /** The same as its contract makes of it, which is what the others see. */
  readonly shown: Readonly<Record<string, unknown>> | null;
  /** The part of it that the server does not have; `undefined` where a key was cleared. */
  readonly patch: Readonly<Record<string, unknown>> | null;
  readonly presenceAt: number;
  readonly volatile: readonly Volatile[];
  /** Own durable messages that are not settled, in the order of their numbers, and those that failed. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** The last seq given. */
  readonly seq: number;
  /** Acknowledged messages, held for a while in case the log turns out to have lost them. */
  readonly kept: Queue<Kept>;
  /** The last number of ours that the server is known to have. */
  readonly base: number;
  /** Numbers that are in no log, and of which the app needs not to be told: it was, or took them back. */
  readonly gone: ReadonlySet<number>;
  /** Until when nothing is sent, because the server asked. */
  readonly pausedUntil: number;
}

/** One of our own durable messages until it is settled. */
export interface Entry {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  /** What travels. */
  readonly data: unknown;
  /** What a list shows. */
  readonly shown: unknown;
  readonly at: number;
  readonly expiresAt: number | null;
  readonly coalesce: string | null;
  readonly bytes: number;
  /** Given when it first leaves, so that what never leaves makes no hole in the numbers. */
  readonly seq: number | null;
  /** The attempt it was last written on, 0 where none that counts. */
  readonly sentOn: number;
  /** Whether it may have left: from then on it cannot expire, be replaced or be taken back. */
  readonly left: boolean;
  /** The number its record in storage has; null: none. Nothing leaves before its record, number included, is there. */
  readonly saved: number | null;
  /** Whether the log already showed it. */
  readonly seen: boolean;
  /** Whether its promise was settled before: it failed and is tried again, or the log lost it after it was acknowledged. */
  readonly settled: boolean;
  readonly failure: Failure | null;
  /** How often the server put it off, and why the last time. */
  readonly putOff?: { readonly attempts: number; readonly why: Failure };
  /** Messages that this one replaced: they settle as it does. */
  readonly replaces: readonly string[];
}

export interface Kept {
  readonly seq: number;
  readonly entry: Entry;
  readonly until: number;
}

/** How far a backlog is flushed. */
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
  /** The number of the newest attempt; every answer from the world names its own. */
  readonly attempt: number;
  readonly retry: Retry;
  readonly signals: Signals;
  readonly session: Session;
  /** Whether own messages are written to storage before they leave. */
  readonly durable: boolean;
  readonly self: Self | null;
  readonly limits: ClientLimits;
  readonly rooms: ReadonlyMap<string, Room>;
  /** While a backlog flushes. */
  readonly progress: Progress | null;
  readonly latency: Latency | null;
}

export function initialState(session: Session): State {
  return {
    connection: { status: 'idle' },
    attempt: 0,
    retry: {
      failures: 0,
      brief: 0,
      since: null,
      lost: false,
      reason: null,
      tries: 0,
      spread: 0,
      wokenAt: -Infinity,
    },
    signals: { online: true, visible: true, frozen: false },
    session,
    durable: false,
    self: null,
    limits: defaultClientLimits,
    rooms: new Map(),
    progress: null,
    latency: null,
  };
}
