// What a refused message is answered with, and what is kept of it for a day: small, plain, and nothing of an exception.
import { cutToBytes } from '../../protocol/bytes.js';
import { errorCodes } from '../../protocol/codes.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload, copyPayload } from '../../protocol/payload.js';
import type { Refusal } from '../broker/broker.js';

/** Bytes of a reason, and of details. */
const mostReasonBytes = 1_024;
const mostDetailsBytes = 4_096;
/** Bytes of details that are kept: a small message may be refused with many issues, and each is kept for a day. */
const mostKeptBytes = 512;

/** Details as they are now, or null where they are no payload, or too large. What stands in front of them, such as a getter, may throw. */
function detailsOf(details: unknown): unknown {
  try {
    return checkPayload(details) <= mostDetailsBytes ? copyPayload(details ?? null) : null;
  } catch {
    return null;
  }
}

/** The one way to a refusal. Details that cannot travel, or would cost too much to keep, are left out. */
export const refusal = (code: string, reason: unknown, details: unknown = null): Refusal => ({
  code,
  reason: typeof reason === 'string' ? cutToBytes(reason, mostReasonBytes) : '',
  details: detailsOf(details),
});

/** What is kept of a refusal, for the client that sends the message again. Larger details are told once. */
export const remembered = (it: Refusal): Refusal =>
  checkPayload(it.details) <= mostKeptBytes ? it : { ...it, details: null };

/** What a `RealtimeError` says. A code that no client knows is a plain `rejected`. */
export const refusalOf = ({ code, message, details }: RealtimeError): Refusal =>
  refusal(Object.hasOwn(errorCodes, code) ? code : 'rejected', message, details);

/** Codes by which a handler refuses a message. The others say what the client or the server has found out, and a handler cannot know. */
const ofHandlers: ReadonlySet<string> = new Set(['rejected', 'invalid', 'denied', 'too-large']);

/** Whether a handler's error is one that it cannot mean: then it failed. */
export const isMistaken = (error: unknown): boolean =>
  error instanceof RealtimeError && Object.hasOwn(errorCodes, error.code) && !ofHandlers.has(error.code);

/** What somebody who develops an app is told of what its code threw. It may quote what nobody else may read. */
export function explained(error: unknown): string {
  if (isMistaken(error))
    return `it threw the code '${(error as RealtimeError).code}', which a handler cannot know: it refuses by ${[...ofHandlers].join(', ')}, and puts off by unavailable, limited`;
  return error instanceof Error
    ? `${error.name}: ${error.message}`
    : `it threw no exception, but a value of type ${typeof error}`;
}
