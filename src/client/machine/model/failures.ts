// Failures that several parts of the machine report.
import type { Failure } from './message.js';

export const clientClosed: Failure = { code: 'closed', message: 'the client is closed' };
export const otherUser: Failure = { code: 'closed', message: 'another user is there now' };
export const inDoubt: Failure = { code: 'in-doubt', message: 'it left and was not acknowledged' };

/** The failure of a message that is larger than the server takes. */
export const tooLarge = (bytes: number, maxBytes: number): Failure => ({
  code: 'too-large',
  message: `about ${bytes} bytes, the server takes ${maxBytes}`,
});
