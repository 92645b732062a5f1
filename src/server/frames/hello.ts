// hello and auth: who is there.
import { closeCodes } from '../../protocol/codes.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { maxItems } from '../../protocol/limits.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload } from '../../protocol/payload.js';
import { authorizeTimeoutMs } from '../access/authorize.js';
import { inTime } from '../util/in-time.js';
import { queueFrame } from '../delivery/queue-frame.js';
import { identityOf, type Identity, type Peer } from '../members/peer.js';
import { traceOf } from '../observe/log.js';
import { countValues } from '../util/frame-splitting.js';
import { producerName } from '../broker/producer-name.js';
import { reauthorize } from '../access/reauthorize.js';
import type { FrameContext } from './context.js';
import type { User } from '../rooms/serve.js';

const tokenExpiryOf = (user: User | null): number => user?.expiresAt ?? Infinity;

/** That moment by the clock that deadlines are by. */
const monotonicExpiryOf = (user: User | null, { now, monotonicNow }: FrameContext): number =>
  tokenExpiryOf(user) - now() + monotonicNow();

/** Values in what others see of a user: it travels with each of its messages, and with its presence. */
const maxShownValues = maxItems / 5;

/** The least time from one renewal of a token to the next, in ms. */
const minRenewalMs = 500;

/** Somebody as the server knows them, and as others see them. */
type KnownUser = Pick<Identity, 'user' | 'shownUser'>;

function exposeUser(user: User, expose: (user: User) => User): User {
  const shown: unknown = expose(user);
  if (typeof shown !== 'object' || typeof (shown as User | null)?.id !== 'string')
    throw new TypeError('expose must return a user whose id is a string');
  checkPayload(shown, 'the exposed user');
  if (countValues(shown) > maxShownValues)
    throw new RangeError(`the exposed user holds more than ${maxShownValues} values`);
  return shown as User;
}

async function authenticateUser(
  peer: Peer,
  token: string | null,
  context: FrameContext,
): Promise<KnownUser | 'refused' | 'revoked' | 'failed'> {
  const {
    settings: { authenticate, expose, logger },
    revocations,
  } = context;
  if (!authenticate) return { user: null, shownUser: null };
  const momentBefore = revocations.currentMoment();
  try {
    const user = await inTime(
      authenticate({ token, request: peer.request }),
      authorizeTimeoutMs,
      context.setTimer,
    );
    if (user === null || user === undefined) return 'refused';
    if (Number.isNaN(tokenExpiryOf(user)) || typeof tokenExpiryOf(user) !== 'number')
      throw new TypeError('authenticate must return a user whose expiresAt is a number');
    if (typeof user.id !== 'string' || user.id === '')
      throw new TypeError('authenticate must return a user whose id is a string');
    if (tokenExpiryOf(user) <= context.now()) return 'refused';
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

export async function handleHello(
  frame: Extract<ClientFrame, { type: 'hello' }>,
  peer: Peer,
  context: FrameContext,
): Promise<void> {
  const { settings } = context;
  const helloAt = context.monotonicNow();
  const momentBefore = context.revocations.currentMoment();
  const known = await authenticateUser(peer, frame.token, context);
  if (peer.isEnded) return;
  if (known === 'failed') return peer.drop(closeCodes.unavailable, 'authentication is unavailable');
  if (known === 'refused') return peer.drop(closeCodes.unauthorized, 'the token was refused');
  if (known === 'revoked') return peer.drop(closeCodes.forbidden, 'disconnected by the server');
  const { user, shownUser } = known;
  const producer = producerName(user?.id ?? null, frame.session);
  const member = await context.digest(producer);
  if (peer.isEnded) return;
  // A disconnect that came during the digest found no identity to end.
  if (user && context.revocations.happenedSince(momentBefore, 'disconnect', user.id))
    return peer.drop(closeCodes.forbidden, 'disconnected by the server');
  const identity: Identity = {
    user,
    shownUser,
    producer,
    instance: frame.instance,
    helloAt,
    attempt: frame.attempt ?? 0,
    member,
    sender: [member, shownUser],
  };
  peer.identity = identity;
  const refused = context.registerSession(peer, frame.takeover);
  if (refused !== null) {
    peer.identity = null;
    return peer.drop(refused.code, refused.reason);
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
  // Each asks for every room again.
  if (now - peer.tokenRenewedAt < minRenewalMs)
    return queueFrame(peer, {
      type: 'error',
      ref: null,
      code: 'limited',
      reason: 'a token was renewed a moment ago',
    });
  peer.tokenRenewedAt = now;
  const known = await authenticateUser(peer, frame.token, context);
  if (peer.isEnded) return;
  if (known === 'failed')
    return queueFrame(peer, {
      type: 'error',
      ref: null,
      code: 'unavailable',
      reason: 'authentication is unavailable',
    });
  if (known === 'refused') return peer.drop(closeCodes.unauthorized, 'the token was refused');
  if (known === 'revoked') return peer.drop(closeCodes.forbidden, 'disconnected by the server');
  const { user, shownUser } = known;
  if ((user?.id ?? null) !== (identity.user?.id ?? null))
    return peer.drop(closeCodes.forbidden, 'a token of another user');
  peer.identity = { ...identity, user, shownUser, sender: [identity.member, shownUser] };
  peer.renewSession(monotonicExpiryOf(user, context));
  queueFrame(peer, { type: 'auth', expires: user?.expiresAt ?? null });
  await reauthorize(peer, context);
}
