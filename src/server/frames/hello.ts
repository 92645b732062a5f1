// hello and auth: who is there.
import type { ClientFrame } from '../../protocol/frames.js';
import { maxItems } from '../../protocol/limits.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload } from '../../protocol/payload.js';
import { authorizeTimeoutMs } from '../access/authorize.js';
import { inTime } from '../util/in-time.js';
import { queueFrame } from '../delivery/queue-frame.js';
import { identityOf, type Identity, type Peer } from '../members/peer.js';
import { traceOf } from '../observe/log.js';
import { valuesIn } from '../util/frame-splitting.js';
import { producerName } from '../broker/producer-name.js';
import { reauthorize } from '../access/reauthorize.js';
import type { Services } from './context.js';
import type { User } from '../rooms/serve.js';

const expiryOf = (user: User | null): number => user?.expiresAt ?? Infinity;

/** That moment by the clock that deadlines are by. */
const deadlineOf = (user: User | null, { now, steady }: Services): number =>
  expiryOf(user) - now() + steady();

/** Values in what others see of a user: it travels with each of its messages, and with its presence. */
const shownItems = maxItems / 5;

/** The least time from one renewal of a token to the next, in ms. */
const leastRenewal = 500;

/** Somebody as the server knows them, and as others see them. */
type Known = Pick<Identity, 'user' | 'shown'>;

function shownOf(user: User, expose: (user: User) => User): User {
  const shown: unknown = expose(user);
  if (typeof shown !== 'object' || typeof (shown as User | null)?.id !== 'string')
    throw new TypeError('expose must return a user whose id is a string');
  checkPayload(shown, 'the exposed user');
  if (valuesIn(shown) > shownItems)
    throw new RangeError(`the exposed user holds more than ${shownItems} values`);
  return shown as User;
}

async function userOf(
  peer: Peer,
  token: string | null,
  services: Services,
): Promise<Known | 'refused' | 'revoked' | 'failed'> {
  const {
    settings: { authenticate, expose, logger },
    revocations,
  } = services;
  if (!authenticate) return { user: null, shown: null };
  const began = revocations.now();
  try {
    const user = await inTime(
      authenticate({ token, request: peer.request }),
      authorizeTimeoutMs,
      services.after,
    );
    if (user === null || user === undefined) return 'refused';
    if (Number.isNaN(expiryOf(user)) || typeof expiryOf(user) !== 'number')
      throw new TypeError('authenticate must return a user whose expiresAt is a number');
    if (typeof user.id !== 'string' || user.id === '')
      throw new TypeError('authenticate must return a user whose id is a string');
    if (expiryOf(user) <= services.now()) return 'refused';
    return revocations.since(began, 'disconnect', user.id)
      ? 'revoked'
      : { user, shown: shownOf(user, expose) };
  } catch (error) {
    if (error instanceof RealtimeError && error.code === 'rejected') {
      logger.warn({ why: error.message, address: peer.request.address }, 'a token was refused');
      return 'refused';
    }
    logger.error(traceOf(error), 'a user could not be authenticated, or cannot be shown to others');
    return 'failed';
  }
}

export async function hello(
  frame: Extract<ClientFrame, { type: 'hello' }>,
  peer: Peer,
  services: Services,
): Promise<void> {
  const { settings } = services;
  const since = services.steady();
  const began = services.revocations.now();
  const known = await userOf(peer, frame.token, services);
  if (peer.ended) return;
  if (known === 'failed') return peer.drop(4500, 'authentication is unavailable');
  if (known === 'refused') return peer.drop(4401, 'the token was refused');
  if (known === 'revoked') return peer.drop(4403, 'disconnected by the server');
  const { user, shown } = known;
  const producer = producerName(user?.id ?? null, frame.session);
  const member = await services.digest(producer);
  if (peer.ended) return;
  // A disconnect that came during the digest found no identity to end.
  if (user && services.revocations.since(began, 'disconnect', user.id))
    return peer.drop(4403, 'disconnected by the server');
  const identity: Identity = {
    user,
    shown,
    producer,
    instance: frame.instance,
    since,
    attempt: frame.attempt ?? 0,
    member,
    sender: [member, shown],
  };
  peer.identity = identity;
  const refused = services.register(peer, frame.takeover);
  if (refused !== null) {
    peer.identity = null;
    return peer.drop(refused.code, refused.reason);
  }
  const { interval, timeout } = settings.heartbeat;
  peer.startSession(deadlineOf(user, services));
  queueFrame(peer, {
    type: 'welcome',
    member,
    heartbeat: [interval, timeout],
    limits: settings.limits,
    time: services.now(),
    node: settings.node,
    expires: user?.expiresAt ?? null,
    user: shown,
  });
}

export async function auth(
  frame: Extract<ClientFrame, { type: 'auth' }>,
  peer: Peer,
  services: Services,
): Promise<void> {
  const identity = identityOf(peer);
  const now = services.steady();
  // Each asks for every room again.
  if (now - peer.renewedAt < leastRenewal)
    return queueFrame(peer, {
      type: 'error',
      ref: null,
      code: 'limited',
      reason: 'a token was renewed a moment ago',
    });
  peer.renewedAt = now;
  const known = await userOf(peer, frame.token, services);
  if (peer.ended) return;
  if (known === 'failed')
    return queueFrame(peer, {
      type: 'error',
      ref: null,
      code: 'unavailable',
      reason: 'authentication is unavailable',
    });
  if (known === 'refused') return peer.drop(4401, 'the token was refused');
  if (known === 'revoked') return peer.drop(4403, 'disconnected by the server');
  const { user, shown } = known;
  if ((user?.id ?? null) !== (identity.user?.id ?? null)) return peer.drop(4403, 'a token of another user');
  peer.identity = { ...identity, user, shown, sender: [identity.member, shown] };
  peer.renewSession(deadlineOf(user, services));
  queueFrame(peer, { type: 'auth', expires: user?.expiresAt ?? null });
  await reauthorize(peer, services);
}
