// A connection that the core serves: who it is, where it is, and what is due to it.
import { byteLength } from '../../protocol/bytes.js';
import type { Encoded } from '../../protocol/codec.js';
import type { ClientFrame, ReceiptTuple, SenderTuple, ServerFrame } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';
import type { Position } from '../../protocol/position.js';
import type { Lane } from '../connection/frame-queue.js';
import type { NotNow } from '../rooms/not-now.js';
import type { Outgoing } from '../delivery/send-queue.js';
import type { Pace, Share } from '../delivery/room-rate.js';
import type { RequestInfo, Transport } from '../ports/ports.js';
import type { Bucket } from '../util/token-bucket.js';
import type { Listing } from '../delivery/member-list.js';
import type { Kept } from '../delivery/broadcast-backlog.js';
import type { ServedRoom, User } from '../rooms/serve.js';
import type { SessionState } from '../connection/session-machine.js';
import type { Timed } from '../util/timer-wheel.js';

/** What the user's code says to an operation: whether, or not now. */
export type Answer = 'yes' | 'no' | NotNow;

/** Answers that still count, by what was asked. */
export type Verdicts = Map<string, { readonly answer: Answer; readonly until: number }>;

/** A session's place in a room. */
export interface Membership {
  readonly room: string;
  readonly served: ServedRoom;
  readonly params: Readonly<Record<string, string>>;
  readonly peer: Peer;
  /** What others see of its session, and the way to it: at hand for whoever goes through all members of a room. */
  readonly member: string;
  readonly outgoing: Outgoing;
  /** The last seq of this session that was appended or refused. */
  last: number;
  /** When the broker was last asked for that number, in ms of the steady clock. */
  askedAt: number;
  /** Whether a number was asked for again: until it comes, later ones are passed over without a word. */
  gapped: boolean;
  /** How often in a row its next message was put off by the room's handler. */
  putOffs: number;
  /** The number that it was last told to go on from. */
  told: number;
  /** Own presence, whole, as others see it. */
  presence: Readonly<Record<string, unknown>> | null;
  /** The same as the client said it: what its contract made of it need not fit the contract again. */
  said: Readonly<Record<string, unknown>> | null;
  /** While joining, what happens in the room waits here. */
  waiting: (() => void)[] | null;
  /** Where it stood in the log when it went live. */
  at: Position | null;
  /** While the reader is slow: what happens in the room passes it by, and the log has it later. */
  behind: Behind | null;
  /** How far it was told who is in the room; null where it was told of all. */
  listing: Listing | null;
  /** How fast the room may be spoken in, by all of its members together and by each user. */
  readonly pace: Pace;
  /** What its user has left of that. */
  share: Share | null;
  /** Whether the server put it out of the room, which `authorize` did not allow any more. */
  expelled: boolean;
  /** What `authorize` said lately, where its room lets that count for a while; null where that is nothing. */
  verdicts: Verdicts | null;
}

export interface Behind {
  /** The last entry that it was given. */
  at: Position;
  /** Members that came, left or changed meanwhile: null where nobody did, `'many'` where they are too many to keep. */
  touched: Set<string> | 'many' | null;
  /** Broadcasts that its room keeps for it. */
  readonly kept: Kept;
}

/** What a session proved about itself. */
/** Receipts of one room that are not written yet, and may be joined by others. */
export interface OpenReceipts {
  readonly room: string;
  readonly epoch: string;
  readonly receipts: ReceiptTuple[];
}

export interface Identity {
  readonly user: User | null;
  readonly shown: User | null;
  /** User and session key: whose numbers a room's log counts. */
  readonly producer: string;
  readonly instance: string;
  /** When it began to be asked for, by the steady clock. */
  readonly since: number;
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

export interface Peer extends Timed {
  readonly id: number;
  readonly transport: Transport;
  readonly request: RequestInfo;
  readonly outgoing: Outgoing;
  readonly lane: Lane<ClientFrame>;
  readonly memberships: Memberships;
  state: SessionState;
  readonly bucket: Bucket;
  /** Messages that the broker has been given, and that its lane does not wait for. */
  flying: number;
  /** What they cost in memory. */
  flyingWeight: number;
  /** Called once there is none of them any more. */
  landed: (() => void) | null;
  /** Acknowledgements that are not written yet. */
  acks: OpenReceipts | null;
  /** When its token was last renewed. */
  renewedAt: number;
  /** How often its rooms were asked for anew: an answer to a join that was under way meanwhile is out of date. */
  reauthorized: number;
  /** Whether the server ended it because its user may not be here, or its token is over. */
  revoked: boolean;
  /** When its numbers were last looked after. */
  tendedAt: number;
  identity: Identity | null;
}

/** Whether a member is where it was: its connection is there, and it did not leave, join anew or get put out. */
export const isHere = (membership: Membership): boolean =>
  !membership.peer.lane.ended && membership.peer.memberships.get(membership.room) === membership;

/** Queues a frame for a connection, alone. What goes to many is encoded once, by the hub. */
export function tell({ outgoing }: Peer, frame: ServerFrame): void {
  push(outgoing, outgoing.codec.encode(serverTuple(frame)));
}

/** The same; returns how many bytes it takes. */
export function weighed({ outgoing }: Peer, frame: ServerFrame): number {
  const part = outgoing.codec.encode(serverTuple(frame));
  push(outgoing, part);
  return byteLength(part);
}

function push(outgoing: Outgoing, part: Encoded): void {
  // What goes to a whole room may overtake an acknowledgement, what is said to one connection may not.
  outgoing.settle();
  outgoing.push(part);
}

/** The identity of a session that said hello; handlers run only then. */
export function identityOf(peer: Peer): Identity {
  if (!peer.identity) throw new Error('a frame was handled before hello');
  return peer.identity;
}
