// What the machine can ask of the world: data, safe to log.
import type { ClientFrame } from '../../../protocol/frames.js';
import type { Failure, Member, Message } from './state.js';

/** The receipt of a durable message. */
export interface Receipt {
  /** The message's id, the same in every list. Of a message that was replaced by its `coalesce` key, the id of the one that took its place. */
  readonly id: string;
  /** The life of the log that `offset` belongs to. A log that lost its newest entries, as a Redis that went back to an older copy, keeps its epoch and gives their offsets again. */
  readonly epoch: string;
  /** Its place in the room's log. Null: a duplicate so old that its place is not known. */
  readonly offset: number | null;
  /** Drawn for this entry. `epoch`, `offset` and `tag` together name one message for good; the first two alone do not. Missing where its place is not known, or the server is of an earlier version. */
  readonly tag?: string;
  /** The server's clock at the append, in ms. */
  readonly timestamp: number;
  /** What the room's handler returned, while the server still holds it. */
  readonly result?: unknown;
  /** Whether the server already had it: an earlier acknowledgement was lost. */
  readonly duplicate: boolean;
}

/** A volatile message: in no log, never sent again. */
export interface Broadcast {
  readonly room: string;
  readonly type: string;
  readonly data: unknown;
  readonly sender: Member | null;
}

export type Effect =
  | { readonly type: 'open'; readonly attempt: number }
  | { readonly type: 'write'; readonly attempt: number; readonly frames: readonly ClientFrame[] }
  | { readonly type: 'close'; readonly attempt: number; readonly code: number; readonly reason: string }
  | { readonly type: 'token'; readonly attempt: number }
  | { readonly type: 'settle'; readonly ids: readonly string[]; readonly outcome: Receipt | Failure }
  | { readonly type: 'deliver'; readonly room: string; readonly messages: readonly Message[] }
  | { readonly type: 'deliver-broadcast'; readonly broadcast: Broadcast }
  | { readonly type: 'history'; readonly ref: number; readonly outcome: readonly Message[] | Failure }
  | {
      readonly type: 'reset';
      readonly room: string;
      readonly why: string;
      readonly missing: readonly [from: number, to: number] | null;
    }
  | { readonly type: 'acked-lost'; readonly room: string; readonly count: number }
  | { readonly type: 'disowned'; readonly user: string | null }
  | { readonly type: 'report'; readonly room: string | null; readonly failure: Failure };

export const isFailure = (it: Receipt | readonly Message[] | Failure): it is Failure => 'code' in it;
