// A connection as the handlers of frames see it: its user, and its memberships.
import type { SenderTuple } from '../../protocol/frames.js';
import type { Reader, Receiver } from '../delivery/receiver.js';
import type { RequestInfo } from '../ports/ports.js';
import type { Answer } from '../rooms/not-now.js';
import type { ServedRoom, User } from '../rooms/serve.js';
import type { TokenBucket } from '../util/token-bucket.js';

/** Answers of `authorize` that still count, by action and message type. */
export type CachedAnswers = Map<string, { readonly answer: Answer; readonly until: number }>;

/** The place of a session in a room. */
export interface Membership extends Receiver {
  readonly served: ServedRoom;
  readonly params: Readonly<Record<string, string>>;
  readonly peer: Peer;
  /** The last seq of the session that was appended or refused. */
  lastSeq: number;
  /** When the broker was last asked for that seq, in ms of the monotonic clock. */
  watermarkAskedAt: number;
  /**
   * The last seq that the server had when it asked the client to send the following messages again; null
   * while it waits for none. Later messages are passed over in silence until the next one comes.
   */
  resendAfter: number | null;
  /** How often in a row the app's code has put off the next message. */
  putOffCount: number;
  /** The member's whole presence as the others see it. */
  presence: Readonly<Record<string, unknown>> | null;
  /**
   * The whole presence as the client said it. What the contract made of it need not fit the contract again.
   */
  saidPresence: Readonly<Record<string, unknown>> | null;
  /** Whether the server expelled the member, because `authorize` did not allow it any more. */
  isExpelled: boolean;
  /** The answers of `authorize` that are used again for a while; null if there are none. */
  cachedAnswers: CachedAnswers | null;
}

/** What a session has proved about itself. */
export interface Identity {
  readonly user: User | null;
  readonly shownUser: User | null;
  /** User and session key: the name under which a room's log counts the session's messages. */
  readonly producer: string;
  readonly instance: string;
  /** When its hello arrived, by the monotonic clock. */
  readonly helloAt: number;
  /** The number of this connection among those of its instance; 0 if the client does not say. */
  readonly attempt: number;
  /** What the others see instead of the session key. */
  readonly member: string;
  readonly sender: SenderTuple;
}

/** The memberships of a connection, by room. */
export interface Memberships {
  readonly size: number;
  get(room: string): Membership | undefined;
  set(room: string, membership: Membership): void;
  delete(room: string): void;
  clear(): void;
  values(): Iterable<Membership>;
}

/** A connection that the core serves. */
export interface Peer extends Reader {
  readonly request: RequestInfo;
  readonly memberships: Memberships;
  readonly bucket: TokenBucket;
  identity: Identity | null;
  /** Whether the session said hello, was let in, and has not ended. */
  readonly isLive: boolean;
  /** The messages that are on their way to the broker, and that the frame queue does not wait for. */
  appendsInFlight: number;
  /** The memory that they take, in bytes. */
  appendBytesInFlight: number;
  /** Called once none of them is left. */
  onAppendsSettled: (() => void) | null;
  /** When the token was last renewed. */
  tokenRenewedAt: number;
  /**
   * How often `authorize` was asked again for all rooms. An answer that was asked for before is out of date.
   */
  reauthorizeCount: number;
  /** Whether the server ended the connection because its user may not be here, or its token expired. */
  isRevoked: boolean;
  /** The session is let in until its token expires, in ms of the monotonic clock. */
  startSession(expiresAt: number): void;
  /** The session has a new token. */
  renewSession(expiresAt: number): void;
}

/** The identity of a session that said hello. Handlers of other frames run only after that. */
export function identityOf(peer: Peer): Identity {
  if (!peer.identity) throw new Error('a frame was handled before hello');
  return peer.identity;
}
