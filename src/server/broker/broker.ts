// The port between nodes: the log of each room, its members, and the events that pass through it.
import type { EntryTuple, MemberTuple, SenderTuple } from '../../protocol/frames.js';
import type { Position } from '../../protocol/position.js';
import type { MaybePromise } from '../util/maybe-promise.js';

/** How much of a log is kept. */
export interface LogLimits {
  /** The number of entries. */
  readonly limit: number;
  /** How long an entry is kept, in ms. */
  readonly ttl: number;
}

export interface Append {
  readonly room: string;
  /**
   * The session whose numbers these are, as user and session key. Null for a message of the server itself.
   */
  readonly producer: string | null;
  readonly seq: number;
  readonly id: string;
  /**
   * The seq that the producer says comes before `seq`. The message is appended only if it is the producer's
   * last one.
   */
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
      /**
       * The tag of the entry. With it a receipt names one message, even if the log lost its newest entries
       * and gives their offsets again.
       */
      readonly tag?: string | undefined;
    }
  | {
      readonly status: 'duplicate';
      readonly epoch: string;
      readonly offset: number | null;
      readonly timestamp: number;
      readonly result: unknown;
      /** The tag of the entry, while the broker remembers it. */
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
  /** The end of the log. */
  readonly top: Position;
  /** The position of a reader that has everything before `entries`. */
  readonly from: Position;
  readonly entries: readonly EntryTuple[];
  /** Whether the log holds entries before these. */
  readonly more: boolean;
}

/**
 * A part of a log.
 *
 * - `after`: the entries after a position, if the log has them all; the oldest `limit` of them. If `top` lies
 *   behind the last of them, the reader goes on from there.
 * - `before`: the `limit` entries before an offset, or the newest entries for null.
 * - `bytes`: about how many bytes of entries there may be, unless a single one takes more.
 *
 * A broker may ignore the `limit` of an `after`, and `bytes`: that is correct, and slower.
 */
export type Range = (
  | { readonly after: Position; readonly limit?: number }
  | { readonly before: number | null; readonly limit: number }
) & { readonly bytes?: number };

/** Why the log does not have everything after a position. */
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
  /** The log does not have everything after the positions of this node's members, so they join again. */
  | { readonly type: 'reset'; readonly why: Unrecoverable['why'] }
  | {
      readonly type: 'presence';
      readonly joined: readonly MemberTuple[];
      readonly left: readonly string[];
      readonly changed: readonly (readonly [id: string, patch: Readonly<Record<string, unknown>>])[];
    };

/** The load of a node. */
export interface NodeLoad {
  readonly node: string;
  readonly connections: number;
  readonly rooms: number;
  /** Whether the node takes no new connections, because it is about to stop. */
  readonly draining: boolean;
  /** Whether the node takes no new connections, because it has as many as it may. */
  readonly full: boolean;
}

/** A command of one node to all, wherever the user's sessions are. */
export type NodeEvent =
  | { readonly type: 'disconnect'; readonly user: string; readonly reason: string }
  | { readonly type: 'reauthorize'; readonly user: string };

/** A request of a client without WebSocket, on its way to the node that holds its connection. */
export interface Parcel {
  /** The id of the connection. */
  readonly id: string;
  readonly body: Uint8Array;
}

/**
 * A broker rejects with this error if it cannot be asked. Whether an append took effect is not known then:
 * the client tries again, and nothing is lost.
 */
export class BrokerUnavailable extends Error {
  override readonly name = 'BrokerUnavailable';
}

/**
 * From which position on a session was told of a room. After a lost connection, it may be told the same again
 * at any node.
 */
export interface Admissions {
  /**
   * The session was let into the room, and is told of its log from a position on. An earlier admission is
   * forgotten.
   */
  admit(room: string, producer: string, from: Pick<Position, 'epoch' | 'offset'>): MaybePromise<void>;
  /**
   * The position from which on a session was told. Null if it is not known, if the session was expelled
   * since, or if its user was disconnected since.
   */
  admitted(
    room: string,
    producer: string,
    user: string | null,
  ): MaybePromise<Pick<Position, 'epoch' | 'offset'> | null>;
  /** The session was put out of the room. */
  expel(room: string, producer: string): MaybePromise<void>;
}

/**
 * Keeps rooms, for one node or for many. An answer may come at once or later. Calls for one room take effect
 * in the order in which they were made.
 */
export interface Broker {
  /** Rejects if the store does not fit. The server asks before it listens. */
  ready?(): Promise<void>;
  /**
   * Whether the store can be asked now, as far as is known. A balancer sends no client to a node without it.
   * Absent means that it can.
   */
  healthy?(): boolean;
  /**
   * Appends a message in one atomic step: it drops a duplicate `(producer, seq)`, refuses a seq that is not
   * the next, gives the next offset, stores the entry with the watermark, and publishes it.
   *
   * No subscriber sees an entry that the log lacks. A duplicate returns its first receipt or refusal.
   */
  append(append: Append): MaybePromise<Appended>;
  /**
   * Advances the watermark without an entry, and remembers the refusal. A refused message is refused once,
   * and holds up no later one.
   */
  refuse(room: string, producer: string, seq: number, id: string, refusal: Refusal): MaybePromise<void>;
  /**
   * The last `seq` of a producer that was appended or refused; 0 if there is none. The question counts as a
   * use: the broker remembers the producer and its admission for another day.
   */
  watermark(room: string, producer: string): MaybePromise<number>;
  /**
   * The session left the room. The broker still remembers its numbers, but forgets them first if a user, or
   * all users, have too many sessions.
   *
   * `agoMs`: how long ago this node last asked for the watermark. If another node asked later, the session is
   * in use there, and nothing changes.
   */
  rest?(room: string, producer: string, agoMs: number): MaybePromise<void>;
  /** The outcome of a seq at or below the watermark; null if the seq is above it. */
  recall(room: string, producer: string, seq: number, id: string): MaybePromise<Appended | null>;
  /**
   * The admissions of sessions, remembered for a day after their last use. Without them, in a room with
   * `authorize`, a user who may not read history starts anew after each lost connection.
   */
  readonly admissions?: Admissions | undefined;
  read(room: string, range: Range): MaybePromise<LogPage | Unrecoverable>;
  /** Calls back with the room's events, in order, until the returned function is called. */
  subscribe(room: string, listener: (event: RoomEvent) => void): MaybePromise<() => void>;
  /** Sends an event to everyone who subscribes now, at most once. */
  publish(room: string, event: RoomEvent): void;
  /** The member is in the room. Repeating it changes nothing. The others learn of it by a presence event. */
  enter(room: string, member: MemberTuple): MaybePromise<void>;
  /** Merges fields into a member's presence. Does nothing if the member is not in the room. */
  update(room: string, member: string, patch: Readonly<Record<string, unknown>>): MaybePromise<void>;
  exit(room: string, member: string): MaybePromise<void>;
  /** All members of the room, in the order in which they came. */
  members(room: string): MaybePromise<readonly MemberTuple[]>;
  /**
   * Sends a command to every node, once: to this one before it returns, whether or not the others can be
   * reached.
   */
  tell(event: NodeEvent): void;
  /** Calls back with each command. `age`: how long ago it was sent, in ms, if it is heard late. */
  listen(listener: (event: NodeEvent, age: number) => void): () => void;
  /** Hands a request on to another node, at most once. Returns whether that node is there to take it. */
  hand(node: string, parcel: Parcel): MaybePromise<boolean>;
  /** Calls back with the requests that are handed to a node, in order. */
  receive(node: string, listener: (parcel: Parcel) => void): () => void;
  /**
   * Announces the load of this node, again and again until `end`; `refresh` announces it now. A node that
   * stops without a word is forgotten after some seconds.
   */
  announce(load: () => NodeLoad): { refresh(): void; end(): MaybePromise<void> };
  /** The nodes that announce themselves. */
  nodes(): MaybePromise<readonly NodeLoad[]>;
  close(): MaybePromise<void>;
}
