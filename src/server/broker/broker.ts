// The port between nodes: a room's log, who is in it, and what passes through it.
import type { EntryTuple, MemberTuple, SenderTuple } from '../../protocol/frames.js';
import type { Position } from '../../protocol/position.js';
import type { MaybePromise } from '../util/maybe-promise.js';

/** How much of a log is kept. */
export interface LogLimits {
  /** Entries. */
  readonly limit: number;
  /** How long an entry is kept, in ms. */
  readonly ttl: number;
}

export interface Append {
  readonly room: string;
  /** Whose numbers these are: user and session key. Null for what the server itself says. */
  readonly producer: string | null;
  readonly seq: number;
  readonly id: string;
  /** The number that the producer says comes before `seq`: appended only where it is the last that is known of it. */
  readonly follows: number;
  readonly sender: SenderTuple | null;
  readonly type: string;
  readonly version: number;
  readonly data: unknown;
  readonly result: unknown;
  readonly log: LogLimits;
}

export type Appended =
  | {
      readonly status: 'ok';
      readonly epoch: string;
      readonly offset: number;
      readonly timestamp: number;
      /** The tag of the entry. With it a receipt names one message, even where the log lost its newest entries and gives their offsets again. */
      readonly tag?: string | undefined;
    }
  | {
      readonly status: 'duplicate';
      readonly epoch: string;
      readonly offset: number | null;
      readonly timestamp: number;
      readonly result: unknown;
      /** The tag of the entry, while it is known. */
      readonly tag?: string | undefined;
    }
  | { readonly status: 'refused'; readonly refusal: Refusal }
  | { readonly status: 'gap'; readonly last: number }
  | { readonly status: 'conflict' };

export interface Refusal {
  readonly code: string;
  readonly reason: string;
  readonly details: unknown;
}

export interface LogPage {
  readonly epoch: string;
  /** Where the log ends. */
  readonly top: Position;
  /** Where the reader stands before `entries`. */
  readonly from: Position;
  readonly entries: readonly EntryTuple[];
  /** Whether the log holds entries before these. */
  readonly more: boolean;
}

/**
 * `after`: what follows a position, if it is whole, and of it at most the oldest `limit` entries. More follow where `top` lies behind the last of them: they are read from there. `before`: the `limit` entries before
 * an offset, or the newest. `bytes`: how many bytes of entries there may be, about, unless one alone takes more. A broker that passes over the `limit` of an `after`, or over `bytes`, is right, and slower.
 */
export type Range = (
  | { readonly after: Position; readonly limit?: number }
  | { readonly before: number | null; readonly limit: number }
) & { readonly bytes?: number };

/** Why what follows a position cannot be had whole. */
export type Unrecoverable = { readonly why: 'epoch' | 'trimmed' | 'rewound' | 'too-far' };

export type RoomEvent =
  | { readonly type: 'entry'; readonly entry: EntryTuple }
  | {
      readonly type: 'broadcast';
      readonly except: string | null;
      readonly sender: SenderTuple | null;
      readonly message: string;
      readonly version: number;
      readonly data: unknown;
    }
  /** What follows the positions of this node's members cannot be had: they join again. */
  | { readonly type: 'reset'; readonly why: Unrecoverable['why'] }
  | {
      readonly type: 'presence';
      readonly joined: readonly MemberTuple[];
      readonly left: readonly string[];
      readonly changed: readonly (readonly [id: string, patch: Readonly<Record<string, unknown>>])[];
    };

/** What one node carries. */
export interface NodeLoad {
  readonly node: string;
  readonly connections: number;
  readonly rooms: number;
  /** Whether it takes no new connections, because it is about to go. */
  readonly draining: boolean;
  /** Whether it takes no new connections, because it has as many as it may. */
  readonly full: boolean;
}

/** What one node asks of another, whoever holds the session. */
export type NodeEvent =
  | { readonly type: 'disconnect'; readonly user: string; readonly reason: string }
  | { readonly type: 'reauthorize'; readonly user: string };

/** What a client without WebSocket said at a node that does not hold its connection. */
export interface Parcel {
  /** The connection. */
  readonly id: string;
  readonly body: Uint8Array;
}

/** What a broker rejects with where it cannot be asked: whether an append took effect is not known then. The client is told to try again, and nothing is lost. */
export class BrokerUnavailable extends Error {
  override readonly name = 'BrokerUnavailable';
}

/** From where on a session was told of a room: what it may be told again after a lost connection, at whichever node. */
export interface Admissions {
  /** A session was let into a room, and is told of its log from a position on. What was known of it there before is forgotten. */
  admit(room: string, producer: string, from: Pick<Position, 'epoch' | 'offset'>): MaybePromise<void>;
  /** From where on a session was told, unless it was expelled, or its user's connections were ended by a `disconnect` event, since. Null where that is not known. */
  admitted(
    room: string,
    producer: string,
    user: string | null,
  ): MaybePromise<Pick<Position, 'epoch' | 'offset'> | null>;
  /** A session was put out of a room. */
  expel(room: string, producer: string): MaybePromise<void>;
}

/**
 * Keeps rooms for one node or many. An answer may come at once or later; calls for one room take effect in the order in which they were made.
 */
export interface Broker {
  /** Rejects where what it keeps rooms in does not fit. Asked before a server listens. */
  ready?(): Promise<void>;
  /** Whether what keeps rooms can be asked now, as far as is known: a balancer sends nobody to a node that cannot. Default: it can. */
  healthy?(): boolean;
  /**
   * One atomic step: drops a duplicate `(producer, seq)`, refuses a number that is not the next, gives the next offset, stores the entry with the watermark,
   * and publishes. No subscriber sees an entry that the log lacks. A duplicate returns its first receipt, or its first refusal.
   */
  append(append: Append): MaybePromise<Appended>;
  /** Advances the watermark without an entry, and remembers why: a refused message is refused once, and holds up no later one. */
  refuse(room: string, producer: string, seq: number, id: string, refusal: Refusal): MaybePromise<void>;
  /** The last `seq` of a producer that was appended or refused; 0 for none. Whoever is asked for is in use, and not forgotten for a day; nor is where it was admitted. */
  watermark(room: string, producer: string): MaybePromise<number>;
  /**
   * A session is not in a room any more. What is known of its numbers is kept, and is among the first to go where the sessions of one user, or all of them, are too
   * many. `agoMs`: how long ago its watermark was last asked for by whoever says so; one that was asked for since, elsewhere, is in use.
   */
  rest?(room: string, producer: string, agoMs: number): MaybePromise<void>;
  /** What is known of a number at or below the watermark; null where it is above. */
  recall(room: string, producer: string, seq: number, id: string): MaybePromise<Appended | null>;
  /** Kept for a day after their last use. Without it, in a room with `authorize`, whoever may not read history starts anew after each lost connection. */
  readonly admissions?: Admissions | undefined;
  read(room: string, range: Range): MaybePromise<LogPage | Unrecoverable>;
  /** Hears a room's events, in order, until the returned function is called. */
  subscribe(room: string, listener: (event: RoomEvent) => void): MaybePromise<() => void>;
  /** At most once, to whoever subscribes now. */
  publish(room: string, event: RoomEvent): void;
  /** A member is in the room, once however often it is said; others learn of it by a presence event. */
  enter(room: string, member: MemberTuple): MaybePromise<void>;
  /** Merges into a member's presence; nothing where it is not in the room. */
  update(room: string, member: string, patch: Readonly<Record<string, unknown>>): MaybePromise<void>;
  exit(room: string, member: string): MaybePromise<void>;
  /** Everybody in the room, in the order in which they came. */
  members(room: string): MaybePromise<readonly MemberTuple[]>;
  /** Tells every node: this one before it returns, whether or not the others can be told, and each once. */
  tell(event: NodeEvent): void;
  /** `age`: how long ago it was told, in ms, where it is heard late. */
  listen(listener: (event: NodeEvent, age: number) => void): () => void;
  /** Hands something on to another node, at most once. Whether anybody is there to take it. */
  hand(node: string, parcel: Parcel): MaybePromise<boolean>;
  /** Hears what is handed to a node, in order. */
  receive(node: string, listener: (parcel: Parcel) => void): () => void;
  /** Says what a node carries, again and again until it ends; `refresh` says it now. One that ended without a word is forgotten after some seconds. */
  announce(load: () => NodeLoad): { refresh(): void; end(): MaybePromise<void> };
  /** Every node that announces itself. */
  nodes(): MaybePromise<readonly NodeLoad[]>;
  close(): MaybePromise<void>;
}
