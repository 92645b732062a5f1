// What the client knows of one room.
import type { SenderTuple } from '../../../protocol/frames.js';
import type { Position } from '../../../protocol/position.js';
import type { AckedEntry, Entry } from './entry.js';
import { never } from './limits.js';
import { emptyQueue, type Queue } from './shared-queue.js';
import type { Failure, Member, Message } from './message.js';

/** `exact`: joined for the first time. `gap`: entries are missing, and the room joins again. */
export type Continuity = 'exact' | 'recovered' | 'gap' | 'reset';

/**
 * `wanted`: the room is to be joined at a moment. `left`: it is kept for its lists, for messages that failed, or
 * because it was created a moment ago and has no user yet.
 */
export type Phase =
  | { readonly status: 'wanted'; readonly at: number }
  | { readonly status: 'joining' | 'joined' | 'denied' | 'left' };

/** Who uses the room here, and what the server says of that. */
export interface Membership {
  /** How many components and handles use the room. */
  readonly users: number;
  /** When the room is left, if it has no user by then. Null: it has one, or it is not joined. */
  readonly leaveAt: number | null;
  readonly phase: Phase;
  /** When it was last joined; null if it was not. */
  readonly joinedAt: number | null;
  /**
   * The position that it rejoins from on the next connection, while the previous connection still serves it; null
   * otherwise.
   */
  readonly rejoiningFrom: Position | null;
  readonly error: Failure | null;
  /** How many entries of history a first join asks for. */
  readonly historyOnJoin: number;
}

/** Where the client stands in the room's log. */
export interface Log {
  readonly position: Position | null;
  readonly continuity: Continuity;
}

export interface Presence {
  readonly members: ReadonlyMap<string, Member>;
  /** When stale members are removed. */
  readonly staleUntil: number;
  /** Own presence as the app set it; null if it set none. */
  readonly own: PresenceValue | null;
  /** Own presence as the room's contract reads it, which is what other members see. */
  readonly ownShown: PresenceValue | null;
  /** The part of it that the server does not have; a key that the app cleared is `undefined`. */
  readonly unsent: PresenceValue | null;
  /** The next presence frame is sent at this moment or later. */
  readonly sendAt: number;
}

export type PresenceValue = Readonly<Record<string, unknown>>;

/** A list of the room's messages that some hook asked for. */
export interface List {
  readonly users: number;
  readonly limit: number;
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
  /**
   * The lowest offset that was looked at, whatever its type: older messages come before it. Null before the first
   * look.
   */
  readonly oldest: number | null;
  readonly loading: boolean;
  /** Offsets that are known to be missing, both included. */
  readonly gap: readonly [from: number, to: number] | null;
}

export interface HistoryRequest {
  readonly ref: number;
  readonly before: number | null;
  readonly limit: number;
  /** The list that the answer fills; null for a request of a room handle. */
  readonly list: string | null;
  /** The attempt on which it was sent; null if it was not. */
  readonly sentOn: number | null;
}

export interface Lists {
  /** By message type, and `'*'` for messages of every type. */
  readonly byType: ReadonlyMap<string, List>;
  /** Requests for older messages that are not answered. */
  readonly requests: readonly HistoryRequest[];
}

export interface UnsentBroadcast {
  readonly type: string;
  readonly version: number;
  readonly data: unknown;
}

export type OutboxEntries = ReadonlyMap<string, Entry>;

/** Own durable messages of the room. */
export interface Outbox {
  /** Messages that are not settled, in the order of their seqs, and messages that failed. */
  readonly entries: OutboxEntries;
  /** Acknowledged messages that the log has not shown yet. */
  readonly echoes: readonly Message[];
  /** The last seq that was given to a message. */
  readonly lastSeq: number;
  /** The highest seq that the server is known to have. */
  readonly ackedSeq: number;
  /** Acknowledged messages: they are sent again if the log turns out to have lost them. */
  readonly recentlyAcked: Queue<AckedEntry>;
  /**
   * Seqs that will never be in the log and were already reported (refused or cancelled), so they do not count as
   * lost.
   */
  readonly retiredSeqs: ReadonlySet<number>;
  /** Nothing is sent before this moment, because the server asked for it. */
  readonly pausedUntil: number;
}

export interface Room {
  readonly id: string;
  readonly membership: Membership;
  readonly log: Log;
  readonly presence: Presence;
  readonly lists: Lists;
  readonly unsentBroadcasts: readonly UnsentBroadcast[];
  readonly outbox: Outbox;
}

/**
 * A room that nothing is known of. It is not joined before it has a user, and forgotten at `leaveAt` if it has none
 * by then.
 */
export const newRoom = (id: string, leaveAt: number): Room => ({
  id,
  membership: {
    users: 0,
    leaveAt,
    phase: { status: 'left' },
    joinedAt: null,
    rejoiningFrom: null,
    error: null,
    historyOnJoin: 0,
  },
  log: { position: null, continuity: 'exact' },
  presence: { members: new Map(), staleUntil: never, own: null, ownShown: null, unsent: null, sendAt: 0 },
  lists: { byType: new Map(), requests: [] },
  unsentBroadcasts: [],
  outbox: {
    entries: new Map(),
    echoes: [],
    lastSeq: 0,
    ackedSeq: 0,
    recentlyAcked: emptyQueue(),
    retiredSeqs: new Set(),
    pausedUntil: 0,
  },
});

export const isJoined = ({ membership: { phase } }: Room): boolean => phase.status === 'joined';
export const isDenied = ({ membership: { phase } }: Room): boolean => phase.status === 'denied';

/**
 * A join was sent and is not answered: the first one on this connection, or one that moves the room to the next
 * connection.
 */
export const isJoining = ({ membership: { phase, rejoiningFrom } }: Room): boolean =>
  phase.status === 'joining' || rejoiningFrom !== null;

/** Some own message waits to be settled. */
export function hasUnsettled({ outbox: { entries } }: Room): boolean {
  for (const { failure } of entries.values()) if (!failure) return true;
  return false;
}

/** The room has to be joined: it has a user or had one a moment ago, or something waits to be sent or asked in it. */
export const isWanted = (room: Room): boolean =>
  room.membership.users > 0 ||
  (room.membership.leaveAt !== null && room.membership.phase.status !== 'left') ||
  room.lists.requests.length > 0 ||
  hasUnsettled(room);

/** The room is wanted, and joined on this connection: what waits in it can be sent. */
export const canSend = (room: Room): boolean =>
  isWanted(room) && isJoined(room) && !room.membership.rejoiningFrom;

/** The sender of a message as the member that it is or was. `presence` is used if it is no member now. */
export const senderOf = (
  { presence: { members } }: Room,
  [id, user]: SenderTuple,
  presence: unknown = null,
): Member => members.get(id) ?? { id, user: user ?? null, presence };
