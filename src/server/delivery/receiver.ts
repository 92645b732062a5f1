// A member of a room and its connection, as delivery sees them.
import type { ReceiptTuple } from '../../protocol/frames.js';
import type { Position } from '../../protocol/position.js';
import type { Transport } from '../ports/ports.js';
import type { SlowPolicy } from '../rooms/slow-policy.js';
import type { BroadcastBacklog } from './broadcast-backlog.js';
import type { ListProgress } from './member-list.js';
import type { RoomRate, Speaker } from './room-rate.js';
import type { SendQueue } from './send-queue.js';

/** Receipts of one room that are not written yet, and may be joined by others. */
export interface OpenAck {
  readonly room: string;
  readonly epoch: string;
  readonly receipts: ReceiptTuple[];
}

/** A connection that events are delivered to. */
export interface Reader {
  readonly transport: Transport;
  readonly sendQueue: SendQueue;
  readonly memberships: {
    get(room: string): Receiver | undefined;
    values(): Iterable<Receiver>;
  };
  /** Whether the connection is over. */
  readonly isEnded: boolean;
  /** Acknowledgements that are not written yet. */
  openAck: OpenAck | null;
  /** Ends the connection. Frames that are queued for it are written first. */
  drop(code: number, reason: string): void;
}

/** A frame of a room that a receiver gets later. */
export interface HeldFrame {
  /** The offset of the entry in the frame; 0 if the frame holds none. */
  readonly offset: number;
  deliver(): void;
}

/** How far a slow reader has come with a room. */
export interface BehindState {
  /** The last entry that was queued for it. */
  at: Position;
  /**
   * The members that came, left or changed meanwhile: null if none did, `'many'` if they are too many to
   * keep.
   */
  touched: Set<string> | 'many' | null;
  /** The broadcasts that its room keeps for it. */
  readonly backlog: BroadcastBacklog;
}

/** A member of a room, and how far it has come with the room's events. */
export interface Receiver extends Speaker {
  readonly room: string;
  readonly peer: Reader & Speaker['peer'];
  readonly served: { readonly slow: SlowPolicy };
  /** The queue of its connection, within reach of a loop over all members of a room. */
  readonly sendQueue: SendQueue;
  /** The frames that wait while the member joins; null once it is live. */
  heldFrames: HeldFrame[] | null;
  /** Where the member stood in the log when it went live. */
  at: Position | null;
  /** Set while the reader is slow: the room's events pass it by, and it gets them from the log later. */
  behind: BehindState | null;
  /** How much of the member list it was told; null once it was told all of it. */
  listProgress: ListProgress | null;
  /** The rate limit of the room, which all its members share. */
  readonly roomRate: RoomRate;
}

/**
 * Whether a member is still in its room: its connection is open, and it did not leave, join again or get
 * expelled.
 */
export const isHere = (receiver: Receiver): boolean =>
  !receiver.peer.isEnded && receiver.peer.memberships.get(receiver.room) === receiver;
