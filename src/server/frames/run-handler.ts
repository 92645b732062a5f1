// A room's handler for a durable message: called, held to the contract, and understood where it throws.
import { readMessage, versionOf, type Validated } from '../../contract/validate.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload } from '../../protocol/payload.js';
import type { Refusal } from '../broker/broker.js';
import { traceOf } from '../observe/log.js';
import { toMaybePromise, tryMaybe, thenMaybe, type MaybePromise } from '../util/maybe-promise.js';
import { notNowOf, type NotNow } from '../rooms/not-now.js';
import type { Identity, Membership } from '../members/peer.js';
import { explainError, isMisusedCode, makeRefusal, refusalFromError } from '../rooms/refusal.js';
import type { IncomingMessage, ServedRoom } from '../rooms/serve.js';
import type { FrameContext } from './context.js';
import type { SendFrame } from './send-frame.js';

/** What a room's handler throws by calling `reject`. */
class RejectedByHandler extends Error {
  readonly details: unknown;
  constructor(reason: string, details: unknown) {
    super(reason);
    this.details = details;
  }
}

/** What a handler threw, where that says neither "not now" nor why it refuses. */
class HandlerFailed extends Error {}

/** What a handler throws to say "not now". */
class PutOffByHandler extends Error {
  readonly notNow: NotNow;
  constructor(notNow: NotNow) {
    super(notNow.reason);
    this.notNow = notNow;
  }
}

function rethrowFromHandler(error: unknown): never {
  const notNow = notNowOf(error);
  if (notNow) throw new PutOffByHandler(notNow);
  throw isMisusedCode(error) ? new HandlerFailed('the handler failed', { cause: error }) : error;
}

export interface HandledMessage {
  readonly data: unknown;
  readonly version: number;
  readonly result: unknown;
}

function reject(reason: string, details?: unknown): never {
  checkPayload(details, 'the details');
  throw new RejectedByHandler(reason, details);
}

/** Whether what a handler left fits the contract. A schema that does not take what it makes itself, since it transforms, can say nothing of it. */
function fitsContract(
  { contract }: ServedRoom,
  { message: type, version, data }: SendFrame,
  leftData: unknown,
): boolean {
  const readAs = (from: number, value: unknown): Validated | null => {
    try {
      return readMessage(contract, type, from, value);
    } catch {
      return null;
    }
  };
  const newestVersion = versionOf(contract, type);
  if (readAs(newestVersion, leftData)) return true;
  // Null where the handler wrote into what arrived, and spoilt it.
  const parsedAgain = readAs(version, data);
  return parsedAgain !== null && !readAs(newestVersion, parsedAgain.data);
}

/** Runs the room's handler, if there is one. */
export function runHandler(
  { served, params, room }: Membership,
  { user, member }: Identity,
  frame: SendFrame,
  { data, version }: Validated,
  { messagesInProgress }: FrameContext,
): MaybePromise<HandledMessage> {
  const handler = served.handlers.get(frame.message);
  if (!handler) return { data, version, result: null };
  const message: IncomingMessage = {
    id: frame.id,
    key: `${member}/${frame.id}`,
    room,
    type: frame.message,
    data,
    replayed: frame.replayed === true,
  };
  const pendingResult = tryMaybe<unknown>(
    () =>
      messagesInProgress.runHandler((term) =>
        toMaybePromise(
          handler(message, {
            user,
            params,
            member,
            reject,
            get signal() {
              return term.signal;
            },
          }),
        ),
      ),
    rethrowFromHandler,
  );
  return thenMaybe(pendingResult, (result) => {
    // A handler may have changed it in place.
    checkPayload(message.data);
    checkPayload(result, 'the result');
    if (!fitsContract(served, frame, message.data))
      throw new TypeError('what the handler left does not fit its contract');
    return { data: message.data, version, result };
  });
}

/** What becomes of a message whose check or handler threw. */
export function refusalAfterThrow(
  error: unknown,
  { room, peer }: Membership,
  type: string,
  { settings, mayExplainFailure }: FrameContext,
): Refusal | NotNow {
  if (error instanceof PutOffByHandler) return error.notNow;
  if (error instanceof RealtimeError) return refusalFromError(error);
  if (error instanceof RejectedByHandler) return makeRefusal('rejected', error.message, error.details);
  const cause = error instanceof HandlerFailed ? error.cause : error;
  settings.logger.error({ room, type, ...traceOf(cause) }, 'a message handler threw');
  const reason = 'the server failed to handle it';
  return makeRefusal(
    'rejected',
    mayExplainFailure?.(peer.request) ? `${reason}: ${explainError(cause)}` : reason,
  );
}
