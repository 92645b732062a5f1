// The one class of error that a user of either half meets.
import { errorCodes, type ErrorCode } from './codes.js';

/** What every rejected promise and every `error` event of Roomful carries. */
export class RealtimeError extends Error {
  override readonly name = 'RealtimeError';
  /** What went wrong, from a closed list. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** More about it: a validator's issues, a limit and the size that broke it, the reason a handler gave. */
  readonly details?: unknown;
  /** Where a handler or `authorize` throws `unavailable` or `limited`: in how many ms it may be asked again. */
  readonly after?: number;

  constructor(code: ErrorCode, message: string, details?: unknown, after?: number) {
    super(message);
    this.code = code;
    this.retryable = errorCodes[code];
    if (after !== undefined) this.after = after;
    if (details !== undefined) this.details = details;
  }
}
