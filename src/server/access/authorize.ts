// Questions to the app's `authorize`, with a bound on time, and a clear answer whatever the app's code does.
import type { Membership } from '../members/peer.js';
import { traceOf, type ServerLog } from '../observe/log.js';
import type { ServerPorts } from '../ports/ports.js';
import { notInTime, notNowOf, type Answer } from '../rooms/not-now.js';
import type { Action, AuthorizeRequest } from '../rooms/serve.js';
import { compositeKey } from '../util/composite-key.js';
import { inTime, TimedOut } from '../util/in-time.js';
import { tryMaybe, thenMaybe, type MaybePromise } from '../util/maybe-promise.js';

/** How long the app's code may take (`authenticate`, `authorize`, a message handler), in ms. */
export const authorizeTimeoutMs = 10_000;

/** The answers that are kept for one member of a room, at most. */
const maxCachedAnswers = 64;

/** What a question to the app needs. */
export interface AuthorizeContext extends Pick<ServerPorts, 'setTimer' | 'monotonicNow'> {
  readonly settings: { readonly logger: ServerLog };
}

type AuthorizeSubject = Pick<Membership, 'served' | 'params' | 'room' | 'peer'>;

/** Whether an operation is allowed without asking. */
export function isAlreadyAllowed(
  { served: { authorize }, cachedAnswers }: Membership,
  action: Action,
  type: string,
  { monotonicNow }: Pick<ServerPorts, 'monotonicNow'>,
): boolean {
  return (
    !authorize || (cachedAnswers?.get(compositeKey(action, type ?? ''))?.until ?? -Infinity) > monotonicNow()
  );
}

/**
 * The data of an operation, which is made when `authorize` first reads it. If that throws, the error is the
 * answer to the operation, whatever `authorize` says.
 */
export type LazyData = () => unknown;

/** For operations without data. */
export const noData: LazyData = () => null;

/**
 * Asks whether a member of a room may do something, unless an earlier answer still counts. An answer that was
 * asked for before a new token or a `reauthorize` is asked for again.
 */
export function authorizeMember(
  membership: Membership,
  action: Action,
  type: string | null,
  data: LazyData,
  context: AuthorizeContext,
): MaybePromise<Answer> {
  return askUntilCurrent(askUnlessCached, membership, action, type, data, context);
}

/** Asks, and asks again for as long as a new token or a `reauthorize` comes meanwhile. */
function askUntilCurrent(
  askFirst: typeof askUnlessCached,
  membership: Membership,
  action: Action,
  type: string | null,
  data: LazyData,
  context: AuthorizeContext,
): MaybePromise<Answer> {
  const { peer } = membership;
  const countBefore = peer.reauthorizeCount;
  return thenMaybe(askFirst(membership, action, type, data, context), (answer) =>
    answer === 'yes' && peer.reauthorizeCount !== countBefore
      ? askUntilCurrent(askAuthorize, membership, action, type, data, context)
      : answer,
  );
}

function askUnlessCached(
  membership: Membership,
  action: Action,
  type: string | null,
  data: LazyData,
  context: AuthorizeContext,
): MaybePromise<Answer> {
  const {
    served: { authorize, cache },
  } = membership;
  if (!authorize) return 'yes';
  if (cache === 0) return askAuthorize(membership, action, type, data, context);
  const cachedAnswers = (membership.cachedAnswers ??= new Map());
  const key = compositeKey(action, type ?? '');
  const known = cachedAnswers.get(key);
  const now = context.monotonicNow();
  if (known && now < known.until) return known.answer;
  return thenMaybe(askAuthorize(membership, action, type, data, context), (answer) => {
    // An answer that was asked for before a new token or a `reauthorize` must not be kept.
    if (typeof answer === 'string' && membership.cachedAnswers === cachedAnswers) {
      // Bounded, because a member may invent message types without end.
      for (const oldest of cachedAnswers.keys()) {
        if (cachedAnswers.size < maxCachedAnswers) break;
        cachedAnswers.delete(oldest);
      }
      cachedAnswers.set(key, { answer, until: now + cache });
    }
    return answer;
  });
}

/**
 * Asks the room's `authorize`.
 *
 * - An error `unavailable` or `limited` says "not now", and so does an answer that takes too long.
 * - Any other error is a no, and is logged.
 * - If reading the data throws, this throws the same error.
 */
export function askAuthorize(
  { served, params, room, peer }: AuthorizeSubject,
  action: Action,
  type: string | null,
  data: LazyData,
  { setTimer, settings }: AuthorizeContext,
): MaybePromise<Answer> {
  const { authorize } = served;
  if (!authorize) return 'yes';
  let unreadable: { readonly error: unknown } | null = null;
  const request: AuthorizeRequest = {
    action,
    user: peer.identity?.user ?? null,
    room,
    params,
    type,
    get data() {
      try {
        return data();
      } catch (error) {
        unreadable = { error };
        throw error;
      }
    },
  };
  const answer = tryMaybe<Answer>(
    () =>
      thenMaybe(inTime(authorize(request), authorizeTimeoutMs, setTimer), (allowed) =>
        allowed === true ? 'yes' : 'no',
      ),
    (error) => {
      if (unreadable) return 'no';
      const postponed = notNowOf(error);
      if (postponed) return postponed;
      const isLate = error instanceof TimedOut;
      settings.logger.error(
        { room, action, ...traceOf(error) },
        isLate ? 'authorize did not answer in time' : 'authorize threw',
      );
      return isLate ? notInTime : 'no';
    },
  );
  return thenMaybe(answer, (allowed) => {
    if (unreadable) throw unreadable.error;
    return allowed;
  });
}
