// Refusals of messages: small and plain, without the text of an exception. The broker remembers them for a
// day.
import { cutToBytes } from '../../protocol/bytes.js';
import { errorCodes } from '../../protocol/codes.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload, copyPayload } from '../../protocol/payload.js';
import type { Refusal } from '../broker/broker.js';

/** The bytes of a reason and of details, at most. */
const maxReasonBytes = 1_024;
const maxDetailsBytes = 4_096;
/**
 * The bytes of details that the broker remembers, at most. A small message may be refused with many issues.
 */
const maxKeptDetailsBytes = 512;

/**
 * A copy of the details, or null if they are no payload or too large. Reading them may throw, because they
 * may have getters.
 */
function safeDetails(details: unknown): unknown {
  try {
    return checkPayload(details) <= maxDetailsBytes ? copyPayload(details ?? null) : null;
  } catch {
    return null;
  }
}

/** Makes a refusal. Details that cannot be sent, or are too large, are left out. */
export const makeRefusal = (code: string, reason: unknown, details: unknown = null): Refusal => ({
  code,
  reason: typeof reason === 'string' ? cutToBytes(reason, maxReasonBytes) : '',
  details: safeDetails(details),
});

/**
 * The part of a refusal that the broker remembers, for a client that sends the message again. Large details
 * are told once.
 */
export const refusalToKeep = (refusal: Refusal): Refusal =>
  checkPayload(refusal.details) <= maxKeptDetailsBytes ? refusal : { ...refusal, details: null };

/** The refusal that a `RealtimeError` stands for. A code that clients do not know becomes `rejected`. */
export const refusalFromError = ({ code, message, details }: RealtimeError): Refusal =>
  makeRefusal(Object.hasOwn(errorCodes, code) ? code : 'rejected', message, details);

/**
 * The codes with which a handler may refuse a message. Any other code states something that a handler cannot
 * know.
 */
const handlerCodes: ReadonlySet<string> = new Set(['rejected', 'invalid', 'denied', 'too-large']);

/** Whether a handler threw a code that it may not use. It counts as a handler that failed. */
export const isMisusedCode = (error: unknown): boolean =>
  error instanceof RealtimeError && Object.hasOwn(errorCodes, error.code) && !handlerCodes.has(error.code);

/** Explains an error of the app's code to the app's developer. The text may quote secrets. */
export function explainError(error: unknown): string {
  if (isMisusedCode(error))
    return (
      `it threw the code '${(error as RealtimeError).code}', which only the server may use: a handler refuses ` +
      `a message with ${[...handlerCodes].join(', ')}, and puts it off with unavailable, limited`
    );
  return error instanceof Error
    ? `${error.name}: ${error.message}`
    : `it threw a value of type ${typeof error}, and no Error`;
}
