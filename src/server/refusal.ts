// What a refused message is answered with, and what is kept of it for a day: small, plain, and nothing of an exception.
import { cutToBytes } from '../protocol/bytes.js';
import { errorCodes } from '../protocol/codes.js';
import type { RealtimeError } from '../protocol/error.js';
import { checkPayload, copyPayload } from '../protocol/payload.js';
import type { Refusal } from './broker.js';

/** Bytes of a reason, and of details: a day's refusals are kept. */
const mostReason = 1_024;
const mostDetails = 4_096;

/** Details as they are now, or null where they are no payload, or too large. What stands in front of them, such as a getter, may throw. */
function detailsOf(details: unknown): unknown {
  try {
    return checkPayload(details) <= mostDetails ? copyPayload(details ?? null) : null;
  } catch {
    return null;
  }
}

/** The one way to a refusal. Details that cannot travel, or would cost too much to keep, are left out. */
export const refusal = (code: string, reason: unknown, details: unknown = null): Refusal => ({
  code,
  reason: typeof reason === 'string' ? cutToBytes(reason, mostReason) : '',
  details: detailsOf(details),
});

/** What a `RealtimeError` says. A code that no client knows is a plain `rejected`. */
export const refusalOf = ({ code, message, details }: RealtimeError): Refusal =>
  refusal(Object.hasOwn(errorCodes, code) ? code : 'rejected', message, details);
