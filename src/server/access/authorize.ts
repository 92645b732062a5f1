// Questions to the user's code: in time, and with a clear answer whatever it does.
import { traceOf, type ServerLog } from '../observe/log.js';
import { inTime, TimedOut } from '../util/in-time.js';
import { tryMaybe, thenMaybe, type MaybePromise } from '../util/maybe-promise.js';
import { notInTime, notNowOf, type Answer } from '../rooms/not-now.js';
import type { ServerPorts } from '../ports/ports.js';
import type { Action, AuthorizeRequest } from '../rooms/serve.js';
import type { Membership } from '../members/peer.js';
import { compositeKey } from '../util/composite-key.js';

/** How long the user's code may take, in ms. */
export const authorizeTimeoutMs = 10_000;

/** Answers that are kept for one member of a room. */
const maxCachedAnswers = 64;

/** What a question to the app needs. */
export interface AuthorizeContext extends Pick<ServerPorts, 'setTimer' | 'monotonicNow'> {
  readonly settings: { readonly logger: ServerLog };
}

type AuthorizeSubject = Pick<Membership, 'served' | 'params' | 'room' | 'peer'>;

/** Whether an answer is there without being asked for. */
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

/** What `authorize` finds in `data`, made when it is first read. What making it throws is the answer to the operation, whatever `authorize` makes of it. */
export type LazyData = () => unknown;

/** For what has no data. */
export const noData: LazyData = () => null;

/** May somebody who is in the room do this? Asks its `authorize`, unless an answer still counts. One that was asked before a new token or a `reauthorize` is asked for again. */
export function authorizeMember(
  membership: Membership,
  action: Action,
  type: string | null,
  data: LazyData,
  context: AuthorizeContext,
): MaybePromise<Answer> {
  return askUntilCurrent(askUnlessCached, membership, action, type, data, context);
}

/** Asks, and asks anew for as long as a new token or a `reauthorize` came while it asked. */
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
  const verdicts = (membership.cachedAnswers ??= new Map());
  const key = compositeKey(action, type ?? '');
  const known = verdicts.get(key);
  const now = context.monotonicNow();
  if (known && now < known.until) return known.answer;
  return thenMaybe(askAuthorize(membership, action, type, data, context), (answer) => {
    // What was asked before a new token or a `reauthorize` says nothing any more.
    if (typeof answer === 'string' && membership.cachedAnswers === verdicts) {
      // A member may make up types without end.
      for (const oldest of verdicts.keys()) {
        if (verdicts.size < maxCachedAnswers) break;
        verdicts.delete(oldest);
      }
      verdicts.set(key, { answer, until: now + cache });
    }
    return answer;
  });
}

/** Asks the room's `authorize`. One that throws `unavailable` or `limited` says "not now", and so does one that is late; any other that throws is a no, and logged. Throws what `data` threw, where `authorize` read it. */
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
