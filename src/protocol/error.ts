// The class of all errors that Roomful gives to an app.
import { errorCodes, type ErrorCode } from './codes.js';

/**
 * The error of each promise that Roomful rejects, of each call that throws, and of each `error` event. A handler or
 * `authorize` on the server throws it to refuse an operation with a code.
 *
 * @example
 * try {
 *   await room.send('said', { text });
 * } catch (error) {
 *   if (error instanceof RealtimeError && error.code === 'invalid') show(error.message);
 * }
 */
export class RealtimeError extends Error {
  override readonly name = 'RealtimeError';
  /** Says what went wrong. The list of codes is closed. */
  readonly code: ErrorCode;
  /** True if the same call may succeed later. */
  readonly retryable: boolean;
  /** More about the failure: the issues of a schema, a limit and the size that broke it, or what a handler gave. */
  readonly details?: unknown;
  /** For `unavailable` and `limited` of a handler or of `authorize`: in how many ms the client may ask again. */
  readonly after?: number;

  constructor(code: ErrorCode, message: string, details?: unknown, after?: number) {
    super(message);
    this.code = code;
    this.retryable = errorCodes[code];
    if (after !== undefined) this.after = after;
    if (details !== undefined) this.details = details;
  }
}
