// hello and auth: the user of a connection.
import { closeCodes } from '../../protocol/codes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { maxItems } from '../../protocol/limits.js';
import { checkPayload } from '../../protocol/payload.js';
import { authorizeTimeoutMs } from '../access/authorize.js';
import { reauthorize } from '../access/reauthorize.js';
import { producerName } from '../broker/producer-name.js';
import { queueFrame } from '../delivery/queue-frame.js';
import { identityOf, type Identity, type Peer } from '../members/peer.js';
import { traceOf } from '../observe/log.js';
import type { User } from '../rooms/serve.js';
import { countValues } from '../util/frame-splitting.js';
import { inTime } from '../util/in-time.js';
import type { FrameContext } from './context.js';

/** Values in an exposed user. It travels with each message of the user, and with its presence. */
const maxExposedValues = maxItems / 5;

/** The least time from one renewal of a token to the next, in ms: each asks `authorize` for every room again. */
const minRenewalMs = 500;

/** A user as the server knows it, and as other members see it. */
type KnownUser = Pick<Identity, 'user' | 'shownUser'>;

const tokenExpiryOf = (user: User | null): number => user?.expiresAt ?? Infinity;

/** When the token of a user expires, by the monotonic clock. */
const monotonicExpiryOf = (user: User | null, { now, monotonicNow }: FrameContext): number =>
  tokenExpiryOf(user) - now() + monotonicNow();

function exposeUser(user: User, expose: (user: User) => User): User {
  const exposed: unknown = expose(user);
  if (typeof exposed !== 'object' || typeof (exposed as User | null)?.id !== 'string')
    throw new TypeError('expose must return a user whose id is a string');
  checkPayload(exposed, 'the exposed user');
  if (countValues(exposed) > maxExposedValues)
    throw new RangeError(`the exposed user holds more than ${maxExposedValues} values`);
  return exposed as User;
}

/** Throws a `TypeError` if the app returned something that is no user. */
function checkUser(user: User): void {
  const expiry: unknown = tokenExpiryOf(user);
  if (typeof expiry !== 'number' || Number.isNaN(expiry))
    throw new TypeError('authenticate must return a user whose expiresAt is a number');
  if (typeof user.id !== 'string' || user.id === '')
    throw new TypeError('authenticate must return a user whose id is a string');
}

async function authenticateUser(
  peer: Peer,
  token: string | null,
  { settings, revocations, setTimer, now }: FrameContext,
): Promise<KnownUser | 'refused' | 'revoked' | 'failed'> {
  const { authenticate, expose, logger } = settings;
  if (!authenticate) return { user: null, shownUser: null };
  const momentBefore = revocations.currentMoment();
  try {
    const answer = authenticate({ token, request: peer.request });
    const user = await inTime(answer, authorizeTimeoutMs, setTimer);
    if (user === null || user === undefined) return 'refused';
    checkUser(user);
    if (tokenExpiryOf(user) <= now()) return 'refused';
    return revocations.happenedSince(momentBefore, 'disconnect', user.id)
      ? 'revoked'
      : { user, shownUser: exposeUser(user, expose) };
  } catch (error) {
    if (error instanceof RealtimeError && error.code === 'rejected') {
      logger.warn({ why: error.message, address: peer.request.address }, 'a token was refused');
      return 'refused';
    }
    logger.error(traceOf(error), 'a user could not be authenticated, or cannot be shown to others');
    return 'failed';
  }
}

function dropRefused(peer: Peer, outcome: 'refused' | 'revoked'): void {
  if (outcome === 'refused') peer.drop(closeCodes.unauthorized, 'the token was refused');
  else peer.drop(closeCodes.forbidden, 'disconnected by the server');
}

export async function handleHello(
  frame: Extract<ClientFrame, { type: 'hello' }>,
  peer: Peer,
  context: FrameContext,
): Promise<void> {
  const { revocations, settings } = context;
  const helloAt = context.monotonicNow();
  const momentBefore = revocations.currentMoment();
  const known = await authenticateUser(peer, frame.token, context);
  if (peer.isEnded) return;
  if (known === 'failed') return peer.drop(closeCodes.unavailable, 'authentication is unavailable');
  if (typeof known === 'string') return dropRefused(peer, known);
  const { user, shownUser } = known;
  const producer = producerName(user?.id ?? null, frame.session);
  const member = await context.digest(producer);
  if (peer.isEnded) return;
  // T4: a `disconnect` that came during the digest found no identity to end.
  if (user && revocations.happenedSince(momentBefore, 'disconnect', user.id))
    return dropRefused(peer, 'revoked');
  peer.identity = {
    user,
    shownUser,
    producer,
    instance: frame.instance,
    helloAt,
    attempt: frame.attempt ?? 0,
    member,
    sender: [member, shownUser],
  };
  const refusal = context.registerSession(peer, frame.takeover);
  if (refusal !== null) {
    peer.identity = null;
    return peer.drop(refusal.code, refusal.reason);
  }
  const { interval, timeout } = settings.heartbeat;
  peer.startSession(monotonicExpiryOf(user, context));
  queueFrame(peer, {
    type: 'welcome',
    member,
    heartbeat: [interval, timeout],
    limits: settings.limits,
    time: context.now(),
    node: settings.node,
    expires: user?.expiresAt ?? null,
    user: shownUser,
  });
}

export async function handleAuth(
  frame: Extract<ClientFrame, { type: 'auth' }>,
  peer: Peer,
  context: FrameContext,
): Promise<void> {
  const identity = identityOf(peer);
  const now = context.monotonicNow();
  if (now - peer.tokenRenewedAt < minRenewalMs)
    return refuseAuth(peer, 'limited', 'a token was renewed a moment ago');
  peer.tokenRenewedAt = now;
  const known = await authenticateUser(peer, frame.token, context);
  if (peer.isEnded) return;
  if (known === 'failed') return refuseAuth(peer, 'unavailable', 'authentication is unavailable');
  if (typeof known === 'string') return dropRefused(peer, known);
  const { user, shownUser } = known;
  if ((user?.id ?? null) !== (identity.user?.id ?? null))
    return peer.drop(closeCodes.forbidden, 'a token of another user');
  peer.identity = { ...identity, user, shownUser, sender: [identity.member, shownUser] };
  peer.renewSession(monotonicExpiryOf(user, context));
  queueFrame(peer, { type: 'auth', expires: user?.expiresAt ?? null });
  await reauthorize(peer, context);
}

function refuseAuth(peer: Peer, code: string, reason: string): void {
  queueFrame(peer, { type: 'error', ref: null, code, reason });
}
