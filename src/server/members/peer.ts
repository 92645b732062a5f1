// A connection as handlers of frames know it: its user, and its place in each room.
import type { SenderTuple } from '../../protocol/frames.js';
import type { Reader, Receiver } from '../delivery/receiver.js';
import type { RequestInfo } from '../ports/ports.js';
import type { Answer } from '../rooms/not-now.js';
import type { ServedRoom, User } from '../rooms/serve.js';
import type { TokenBucket } from '../util/token-bucket.js';

/** Answers that still count, by what was asked. */
export type CachedAnswers = Map<string, { readonly answer: Answer; readonly until: number }>;

/** A session's place in a room. */
export interface Membership extends Receiver {
  readonly served: ServedRoom;
  readonly params: Readonly<Record<string, string>>;
  readonly peer: Peer;
  /** The last seq of this session that was appended or refused. */
  lastSeq: number;
  /** When the broker was last asked for that number, in ms of the steady clock. */
  watermarkAskedAt: number;
  /** The last seq that the server had when it asked the client to send again what follows; null while it waits for nothing. Later messages are passed over in silence until the next one comes. */
  resendAfter: number | null;
  /** How often in a row its next message was put off by the room's handler. */
  putOffCount: number;
  /** Own presence, whole, as others see it. */
  presence: Readonly<Record<string, unknown>> | null;
  /** The same as the client said it: what its contract made of it need not fit the contract again. */
  saidPresence: Readonly<Record<string, unknown>> | null;
  /** Whether the server put it out of the room, which `authorize` did not allow any more. */
  isExpelled: boolean;
  /** What `authorize` said lately, where its room lets that count for a while; null where that is nothing. */
  cachedAnswers: CachedAnswers | null;
}

/** What a session proved about itself. */
export interface Identity {
  readonly user: User | null;
  readonly shownUser: User | null;
  /** User and session key: whose numbers a room's log counts. */
  readonly producer: string;
  readonly instance: string;
  /** When it began to be asked for, by the steady clock. */
  readonly helloAt: number;
  /** The number of this connection among those of its instance; 0 where the client does not say. */
  readonly attempt: number;
  /** What others see instead of the session key. */
  readonly member: string;
  readonly sender: SenderTuple;
}

/** The rooms that a connection is in, by room. */
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
  /** Whether the session said hello, was let in, and is not over. */
  readonly isLive: boolean;
  /** Messages that the broker has been given, and that its lane does not wait for. */
  appendsInFlight: number;
  /** What they cost in memory. */
  appendBytesInFlight: number;
  /** Called once there is none of them any more. */
  onAppendsSettled: (() => void) | null;
  /** When its token was last renewed. */
  tokenRenewedAt: number;
  /** How often its rooms were asked for anew: an answer to a join that was under way meanwhile is out of date. */
  reauthorizeCount: number;
  /** Whether the server ended it because its user may not be here, or its token is over. */
  isRevoked: boolean;
  /** The session was let in, until its token expires, in ms of the steady clock. */
  startSession(expiresAt: number): void;
  /** The session has a new token. */
  renewSession(expiresAt: number): void;
}

/** The identity of a session that said hello; handlers run only then. */
export function identityOf(peer: Peer): Identity {
  if (!peer.identity) throw new Error('a frame was handled before hello');
  return peer.identity;
}
