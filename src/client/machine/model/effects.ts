// What the machine asks of the world, as data. Effects hold no token, so that they can be logged.
import type { ClientFrame } from '../../../protocol/frames.js';
import type { Failure, Member, Message } from './message.js';

/** The receipt of a durable message. */
export interface Receipt {
  /**
   * The message's id, the same in every list. If a message with the same `coalesce` key replaced it, this is the id of
   * that message.
   */
  readonly id: string;
  /**
   * The epoch of the log that `offset` belongs to. A log that lost its newest entries, for example when Redis went back
   * to an older copy, keeps its epoch and gives the lost offsets to other messages.
   */
  readonly epoch: string;
  /** The message's place in the room's log. Null for a duplicate that is so old that its place is not known. */
  readonly offset: number | null;
  /**
   * A random text that the log gave to this entry. `epoch`, `offset` and `tag` together name one message for good; the
   * first two alone do not. Missing if the message's place is not known, or the server is of an earlier version.
   */
  readonly tag?: string;
  /** When the message was appended, in ms of the server's clock. */
  readonly timestamp: number;
  /** The value that the room's handler returned, as long as the server remembers it. */
  readonly result?: unknown;
  /** True if the server had the message already: an earlier acknowledgement was lost. */
  readonly duplicate: boolean;
}

/** A message that is in no log and is never sent again. */
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

export const isFailure = (outcome: Receipt | readonly Message[] | Failure): outcome is Failure =>
  'code' in outcome;
