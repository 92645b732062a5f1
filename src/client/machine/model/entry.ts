// One of the client's own durable messages, until it is settled.
import type { Failure } from './message.js';

export interface Entry {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  /** The data that is sent. */
  readonly data: unknown;
  /** The data as a list shows it. */
  readonly displayData: unknown;
  /** When the app sent it, in ms of the client's clock. */
  readonly queuedAt: number;
  /** When it expires; `never` if it does not. */
  readonly expiresAt: number;
  readonly coalesceKey: string | null;
  readonly bytes: number;
  /**
   * Its number in the session. It is given when the message is first sent, so that a message that never is leaves no
   * hole.
   */
  readonly seq: number | null;
  /** The attempt on which it was last sent; null if that connection is gone or the message was not sent. */
  readonly sentOn: number | null;
  /** From the first send on it can neither expire, be replaced nor be taken back. */
  readonly mayHaveBeenSent: boolean;
  /** The seq of its record in storage; null if there is none. A message is sent only once its record has its seq. */
  readonly storedSeq: number | null;
  /** The log has shown it already. */
  readonly inLog: boolean;
  /** Its promise is settled: the message failed and is tried again, or the log lost it after the acknowledgement. */
  readonly promiseSettled: boolean;
  readonly failure: Failure | null;
  /** How often the server put it off, and why the last time. */
  readonly putOff?: { readonly attempts: number; readonly why: Failure };
  /** Ids of the messages that this one replaced: they settle as it does. */
  readonly replaces: readonly string[];
}

/** An acknowledged message that is kept for a while. */
export interface AckedEntry {
  readonly seq: number;
  readonly entry: Entry;
  readonly until: number;
}

/** The message was never sent: it can expire, be replaced or be taken back. */
export const isQueued = ({ mayHaveBeenSent, failure }: Entry): boolean => !mayHaveBeenSent && !failure;

/** The message was sent on a connection that is there, and is not answered yet. */
export const isInFlight = ({ sentOn, failure }: Entry): boolean => sentOn !== null && !failure;

/** The server put the message off: it was sent before, and waits to be sent again. */
export const isPutOff = ({ putOff, sentOn, failure }: Entry): boolean =>
  !!putOff && sentOn === null && !failure;
