// What a refused message is answered with, and what is kept of it for a day: small, plain, and nothing of an exception.
import { cutToBytes } from '../../protocol/bytes.js';
import { errorCodes } from '../../protocol/codes.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload, copyPayload } from '../../protocol/payload.js';
import type { Refusal } from '../broker/broker.js';

/** Bytes of a reason, and of details. */
const maxReasonBytes = 1_024;
const maxDetailsBytes = 4_096;
/** Bytes of details that are kept: a small message may be refused with many issues, and each is kept for a day. */
const maxKeptDetailsBytes = 512;

/** Details as they are now, or null where they are no payload, or too large. What stands in front of them, such as a getter, may throw. */
function safeDetails(details: unknown): unknown {
  try {
    return checkPayload(details) <= maxDetailsBytes ? copyPayload(details ?? null) : null;
  } catch {
    return null;
  }
}

/** The one way to a refusal. Details that cannot travel, or would cost too much to keep, are left out. */
export const makeRefusal = (code: string, reason: unknown, details: unknown = null): Refusal => ({
  code,
  reason: typeof reason === 'string' ? cutToBytes(reason, maxReasonBytes) : '',
  details: safeDetails(details),
});

/** What is kept of a refusal, for the client that sends the message again. Larger details are told once. */
export const refusalToKeep = (refusal: Refusal): Refusal =>
  checkPayload(refusal.details) <= maxKeptDetailsBytes ? refusal : { ...refusal, details: null };

/** What a `RealtimeError` says. A code that no client knows is a plain `rejected`. */
export const refusalFromError = ({ code, message, details }: RealtimeError): Refusal =>
  makeRefusal(Object.hasOwn(errorCodes, code) ? code : 'rejected', message, details);

/** Codes by which a handler refuses a message. The others say what the client or the server has found out, and a handler cannot know. */
const handlerCodes: ReadonlySet<string> = new Set(['rejected', 'invalid', 'denied', 'too-large']);

/** Whether a handler's error is one that it cannot mean: then it failed. */
export const isMisusedCode = (error: unknown): boolean =>
  error instanceof RealtimeError && Object.hasOwn(errorCodes, error.code) && !handlerCodes.has(error.code);

/** What somebody who develops an app is told of what its code threw. It may quote what nobody else may read. */
export function explainError(error: unknown): string {
  if (isMisusedCode(error))
    return `it threw the code '${(error as RealtimeError).code}', which a handler cannot know: it refuses by ${[...handlerCodes].join(', ')}, and puts off by unavailable, limited`;
  return error instanceof Error
    ? `${error.name}: ${error.message}`
    : `it threw no exception, but a value of type ${typeof error}`;
}
