// What delivery needs of a member of a room, and of its connection.
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

/** How far a slow reader is with a room. */
export interface BehindState {
  /** The last entry that it was given. */
  at: Position;
  /** Members that came, left or changed meanwhile: null where nobody did, `'many'` where they are too many to keep. */
  touched: Set<string> | 'many' | null;
  /** Broadcasts that its room keeps for it. */
  readonly backlog: BroadcastBacklog;
}

/** A member of a room, and how far it is with what happens there. */
export interface Receiver extends Speaker {
  readonly room: string;
  readonly peer: Reader & Speaker['peer'];
  readonly served: { readonly slow: SlowPolicy };
  /** The queue of its connection: at hand for whoever goes through all members of a room. */
  readonly sendQueue: SendQueue;
  /** While joining, what happens in the room waits here. */
  heldFrames: HeldFrame[] | null;
  /** Where it stood in the log when it went live. */
  at: Position | null;
  /** While the reader is slow: what happens in the room passes it by, and the log has it later. */
  behind: BehindState | null;
  /** How far it was told who is in the room; null where it was told of all. */
  listProgress: ListProgress | null;
  /** How fast the room may be spoken in, by all of its members together and by each user. */
  readonly roomRate: RoomRate;
}

/** Whether a member is where it was: its connection is there, and it did not leave, join anew or get put out. */
export const isHere = (receiver: Receiver): boolean =>
  !receiver.peer.isEnded && receiver.peer.memberships.get(receiver.room) === receiver;
