// A room's handler for a durable message: called, held to the contract, and understood where it throws.
import { readMessage, versionOf, type Validated } from '../../contract/validate.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload } from '../../protocol/payload.js';
import type { Refusal } from '../broker/broker.js';
import { traceOf } from '../observe/log.js';
import { adopt, caught, chain, type MaybePromise } from '../util/maybe-promise.js';
import { notNowOf, type NotNow } from '../rooms/not-now.js';
import type { Identity, Membership } from '../members/peer.js';
import { explained, isMistaken, refusal, refusalOf } from '../rooms/refusal.js';
import type { IncomingMessage, ServedRoom } from '../rooms/serve.js';
import type { Services } from './context.js';
import type { Send } from './send-frame.js';

/** What a room's handler throws by calling `reject`. */
class Rejected extends Error {
  readonly details: unknown;
  constructor(reason: string, details: unknown) {
    super(reason);
    this.details = details;
  }
}

/** What a handler threw, where that says neither "not now" nor why it refuses. */
class HandlerFailed extends Error {}

/** What a handler throws to say "not now". */
class PutOff extends Error {
  readonly notNow: NotNow;
  constructor(notNow: NotNow) {
    super(notNow.reason);
    this.notNow = notNow;
  }
}

function fromHandler(error: unknown): never {
  const notNow = notNowOf(error);
  if (notNow) throw new PutOff(notNow);
  throw isMistaken(error) ? new HandlerFailed('the handler failed', { cause: error }) : error;
}

export interface Handled {
  readonly data: unknown;
  readonly version: number;
  readonly result: unknown;
}

function reject(reason: string, details?: unknown): never {
  checkPayload(details, 'the details');
  throw new Rejected(reason, details);
}

/** Whether what a handler left fits the contract. A schema that does not take what it makes itself, since it transforms, can say nothing of it. */
function fits({ contract }: ServedRoom, { message: type, version, data }: Send, left: unknown): boolean {
  const reading = (from: number, it: unknown): Validated | null => {
    try {
      return readMessage(contract, type, from, it);
    } catch {
      return null;
    }
  };
  const newest = versionOf(contract, type);
  if (reading(newest, left)) return true;
  // Null where the handler wrote into what arrived, and spoilt it.
  const made = reading(version, data);
  return made !== null && !reading(newest, made.data);
}

/** Runs the room's handler, if there is one. */
export function handled(
  { served, params, room }: Membership,
  { user, member }: Identity,
  frame: Send,
  { data, version }: Validated,
  { handlings }: Services,
): MaybePromise<Handled> {
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
  const running = caught<unknown>(
    () =>
      handlings.run((term) =>
        adopt(
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
    fromHandler,
  );
  return chain(running, (result) => {
    // A handler may have changed it in place.
    checkPayload(message.data);
    checkPayload(result, 'the result');
    if (!fits(served, frame, message.data))
      throw new TypeError('what the handler left does not fit its contract');
    return { data: message.data, version, result };
  });
}

/** What becomes of a message whose check or handler threw. */
export function afterThrow(
  error: unknown,
  { room, peer }: Membership,
  type: string,
  { settings, explains }: Services,
): Refusal | NotNow {
  if (error instanceof PutOff) return error.notNow;
  if (error instanceof RealtimeError) return refusalOf(error);
  if (error instanceof Rejected) return refusal('rejected', error.message, error.details);
  const thrown = error instanceof HandlerFailed ? error.cause : error;
  settings.logger.error({ room, type, ...traceOf(thrown) }, 'a message handler threw');
  const reason = 'the server failed to handle it';
  return refusal('rejected', explains?.(peer.request) ? `${reason}: ${explained(thrown)}` : reason);
}
