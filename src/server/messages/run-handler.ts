// A room's handler for a durable message: the call, the check of what it leaves, and the meaning of what it throws.
import { readMessage, versionOf, type Validated } from '../../contract/validate.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload } from '../../protocol/payload.js';
import type { Refusal } from '../broker/broker.js';
import type { Identity, Membership } from '../members/peer.js';
import { traceOf, type ServerLog } from '../observe/log.js';
import { notNowOf, type NotNow } from '../rooms/not-now.js';
import { explainError, isMisusedCode, makeRefusal, refusalFromError } from '../rooms/refusal.js';
import type { IncomingMessage } from '../rooms/serve.js';
import { thenMaybe, toMaybePromise, tryMaybe, type MaybePromise } from '../util/maybe-promise.js';
import type { MessageContext } from './context.js';
import type { SendFrame } from './sequence.js';

/** Thrown by `reject` of a handler's context. */
class RejectedByHandler extends Error {
  readonly details: unknown;
  constructor(reason: string, details: unknown) {
    super(reason);
    this.details = details;
  }
}

/** Stands for an error that says neither "not now" nor why the message is refused. */
class HandlerFailed extends Error {}

/** Stands for an error that says "not now". */
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

/** A message as its handler left it. */
export interface HandledMessage {
  readonly data: unknown;
  readonly version: number;
  readonly result: unknown;
}

function reject(reason: string, details?: unknown): never {
  checkPayload(details, 'the details');
  throw new RejectedByHandler(reason, details);
}

/**
 * Throws if the data that a handler left does not fit the contract. If the schema rejects its own output, because it
 * transforms, the check is skipped: such a schema cannot judge data that is transformed already.
 */
function checkLeftData(
  { served: { contract }, room }: Membership,
  { message: type, version, data }: SendFrame,
  leftData: unknown,
  logger: ServerLog,
): void {
  let failure: unknown = null;
  const readAs = (ofVersion: number, value: unknown): Validated | null => {
    try {
      return readMessage(contract, type, ofVersion, value);
    } catch (error) {
      failure ??= error;
      return null;
    }
  };
  const newestVersion = versionOf(contract, type);
  if (readAs(newestVersion, leftData)) return;
  // Null if the handler wrote into the data that arrived, so that it does not fit any more.
  const parsedAgain = readAs(version, data);
  if (parsedAgain !== null && !readAs(newestVersion, parsedAgain.data)) return;
  // The schema itself failed: the app's developer has to learn of it.
  if (!(failure instanceof RealtimeError))
    logger.error({ room, type, ...traceOf(failure) }, 'the schema of a message threw');
  throw new TypeError('the data that the handler left does not fit its contract');
}

/** Runs the room's handler, if there is one. */
export function runHandler(
  membership: Membership,
  { user, member }: Identity,
  frame: SendFrame,
  { data, version }: Validated,
  { messagesInProgress, settings }: MessageContext,
): MaybePromise<HandledMessage> {
  const { served, params, room } = membership;
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
      messagesInProgress.runHandler((handlerTerm) =>
        toMaybePromise(
          handler(message, {
            user,
            params,
            member,
            reject,
            get signal() {
              return handlerTerm.signal;
            },
          }),
        ),
      ),
    rethrowFromHandler,
  );
  return thenMaybe(pendingResult, (result) => {
    // A handler may have written into the data.
    checkPayload(message.data);
    checkPayload(result, 'the result');
    checkLeftData(membership, frame, message.data, settings.logger);
    return { data: message.data, version, result };
  });
}

/** The refusal of a message whose check or handler threw, or why it is put off. */
export function refusalAfterThrow(
  error: unknown,
  { room, peer }: Membership,
  type: string,
  { settings, mayExplainFailure }: MessageContext,
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
