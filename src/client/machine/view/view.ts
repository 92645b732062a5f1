// The public state: what the store of a client holds, and what hooks return.
import type { CloseReason } from '../../../protocol/codes.js';
import type { Transport } from '../model/connection-state.js';
import type { Continuity } from '../model/room-state.js';
import type { Failure, Member, Message } from '../model/message.js';
import type { Latency, Progress } from '../model/state.js';

/** What the connection does, in words for a person. Times in ms of the client's clock. */
export type ConnectionState =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting' | 'authenticating'; readonly attempt: number }
  | {
      readonly status: 'connected';
      readonly since: number;
      readonly transport: Transport;
      readonly codec: string;
      readonly recovered: boolean;
    }
  | {
      readonly status: 'reconnecting';
      readonly attempt: number;
      readonly retryAt: number;
      readonly since: number;
      readonly lost: boolean;
      readonly reason: CloseReason;
    }
  | { readonly status: 'offline'; readonly since: number }
  | { readonly status: 'needs-auth'; readonly reason: CloseReason }
  | { readonly status: 'closed'; readonly reason: CloseReason };

export type RoomStatus = 'joining' | 'joined' | 'reconnecting' | 'denied' | 'left';

export interface ListView {
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
  readonly isLoading: boolean;
  readonly gap: readonly [from: number, to: number] | null;
}

export interface RoomView {
  readonly id: string;
  readonly status: RoomStatus;
  readonly continuity: Continuity;
  readonly error: Failure | null;
  /** By message type, and `'*'` for messages of every type. Only lists that some hook asked for. */
  readonly lists: Readonly<Record<string, ListView>>;
  /** The other members, in the order in which they joined. */
  readonly others: readonly Member[];
  readonly me: Member | null;
  /** Own presence as the room's contract reads it, which is what other members see. */
  readonly mine: Readonly<Record<string, unknown>> | null;
}

/**
 * One of the client's own messages that is not settled, or that failed. `timestamp`: when the app sent it, by the
 * client's clock.
 */
export interface OutboxEntry extends Message {
  readonly status: 'queued' | 'sending' | 'failed';
  /** Why it failed; or why the server put it off the last time, in which case it is sent again. */
  readonly error: Failure | null;
  /** How often the server put it off. */
  readonly attempts: number;
}

export interface OutboxView {
  readonly pending: readonly OutboxEntry[];
  readonly failed: readonly OutboxEntry[];
  /** Set while a backlog is sent. */
  readonly progress: Progress | null;
}

/** The public store. */
export interface RealtimeState {
  readonly connection: ConnectionState;
  readonly latency: Latency | null;
  readonly rooms: Readonly<Record<string, RoomView>>;
  readonly outbox: OutboxView;
}

export const initialView: RealtimeState = {
  connection: { status: 'idle' },
  latency: null,
  rooms: {},
  outbox: { pending: [], failed: [], progress: null },
};
