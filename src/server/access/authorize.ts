// Questions to the user's code: in time, and with a clear answer whatever it does.
import { traceOf, type ServerLog } from '../observe/log.js';
import { inTime, TimedOut } from '../util/in-time.js';
import { caught, chain, type MaybePromise } from '../util/maybe-promise.js';
import { late, notNowOf, type Answer } from '../rooms/not-now.js';
import type { ServerPorts } from '../ports/ports.js';
import type { Action, AuthorizeRequest } from '../rooms/serve.js';
import type { Membership } from '../members/peer.js';

/** How long the user's code may take, in ms. */
export const authorizeTimeoutMs = 10_000;

/** Answers that are kept for one member of a room. */
const mostVerdicts = 64;

/** What a question to the app needs. */
export interface AuthorizeContext extends Pick<ServerPorts, 'after' | 'steady'> {
  readonly settings: { readonly logger: ServerLog };
}

type Asked = Pick<Membership, 'served' | 'params' | 'room' | 'peer'>;

const keyOf = (action: Action, type: string | null): string => `${action}\n${type ?? ''}`;

/** Whether an answer is there without being asked for. */
export function isAnswered(
  { served: { authorize }, verdicts }: Membership,
  action: Action,
  type: string,
  { steady }: Pick<ServerPorts, 'steady'>,
): boolean {
  return !authorize || (verdicts?.get(keyOf(action, type))?.until ?? -Infinity) > steady();
}

/** What `authorize` finds in `data`, made when it is first read. What making it throws is the answer to the operation, whatever `authorize` makes of it. */
export type Subject = () => unknown;

/** For what has no data. */
export const nothing: Subject = () => null;

/** May somebody who is in the room do this? Asks its `authorize`, unless an answer still counts. One that was asked before a new token or a `reauthorize` is asked for again. */
export function allowed(
  membership: Membership,
  action: Action,
  type: string | null,
  data: Subject,
  asking: AuthorizeContext,
): MaybePromise<Answer> {
  return askedUntilStill(askedLately, membership, action, type, data, asking);
}

/** Asks, and asks anew for as long as a new token or a `reauthorize` came while it asked. */
function askedUntilStill(
  ask: typeof askedLately,
  membership: Membership,
  action: Action,
  type: string | null,
  data: Subject,
  asking: AuthorizeContext,
): MaybePromise<Answer> {
  const { peer } = membership;
  const serial = peer.reauthorized;
  return chain(ask(membership, action, type, data, asking), (answer) =>
    answer === 'yes' && peer.reauthorized !== serial
      ? askedUntilStill(asked, membership, action, type, data, asking)
      : answer,
  );
}

function askedLately(
  membership: Membership,
  action: Action,
  type: string | null,
  data: Subject,
  asking: AuthorizeContext,
): MaybePromise<Answer> {
  const {
    served: { authorize, cache },
  } = membership;
  if (!authorize) return 'yes';
  if (cache === 0) return asked(membership, action, type, data, asking);
  const verdicts = (membership.verdicts ??= new Map());
  const key = keyOf(action, type);
  const known = verdicts.get(key);
  const now = asking.steady();
  if (known && now < known.until) return known.answer;
  return chain(asked(membership, action, type, data, asking), (answer) => {
    // What was asked before a new token or a `reauthorize` says nothing any more.
    if (typeof answer === 'string' && membership.verdicts === verdicts) {
      // A member may make up types without end.
      for (const oldest of verdicts.keys()) {
        if (verdicts.size < mostVerdicts) break;
        verdicts.delete(oldest);
      }
      verdicts.set(key, { answer, until: now + cache });
    }
    return answer;
  });
}

/** Asks the room's `authorize`. One that throws `unavailable` or `limited` says "not now", and so does one that is late; any other that throws is a no, and logged. Throws what `data` threw, where `authorize` read it. */
export function asked(
  { served, params, room, peer }: Asked,
  action: Action,
  type: string | null,
  data: Subject,
  { after, settings }: AuthorizeContext,
): MaybePromise<Answer> {
  const { authorize } = served;
  if (!authorize) return 'yes';
  let misfit: { readonly error: unknown } | null = null;
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
        misfit = { error };
        throw error;
      }
    },
  };
  const answer = caught<Answer>(
    () => chain(inTime(authorize(request), authorizeTimeoutMs, after), (it) => (it === true ? 'yes' : 'no')),
    (error) => {
      if (misfit) return 'no';
      const postponed = notNowOf(error);
      if (postponed) return postponed;
      const isLate = error instanceof TimedOut;
      settings.logger.error(
        { room, action, ...traceOf(error) },
        isLate ? 'authorize did not answer in time' : 'authorize threw',
      );
      return isLate ? late : 'no';
    },
  );
  return chain(answer, (it) => {
    if (misfit) throw misfit.error;
    return it;
  });
}
