// hello and auth: who is there.
import type { ClientFrame } from '../../protocol/frames.js';
import { inTime } from '../ask.js';
import { identityOf, tell, type Identity, type Peer } from '../peer.js';
import type { Services } from '../services.js';
import type { User } from '../serve.js';

async function userOf(peer: Peer, token: string | null, services: Services): Promise<User | null | 'refused' | 'failed'> {
  const { authenticate, logger } = services.settings;
  if (!authenticate) return null;
  try {
    const user = await inTime(authenticate({ token, request: peer.request }), services.after);
    if (user === null || user === undefined) return 'refused';
    if (typeof user.id !== 'string' || user.id === '') throw new TypeError('authenticate must return a user whose id is a string');
    return user;
  } catch (error) {
    logger.error({ error: error instanceof Error ? error.name : typeof error, message: error instanceof Error ? error.message : '' }, 'authenticate failed');
    return 'failed';
  }
}

const expiryOf = (user: User | null): number => user?.expiresAt ?? Infinity;

export async function hello(frame: Extract<ClientFrame, { type: 'hello' }>, peer: Peer, services: Services): Promise<void> {
  const { settings } = services;
  const user = await userOf(peer, frame.token, services);
  if (peer.lane.signal.aborted) return;
  if (user === 'failed') return services.drop(peer, 4500, 'authentication is unavailable');
  if (user === 'refused' || expiryOf(user) <= services.now()) return services.drop(peer, 4401, 'the token was refused');
  const shown = user && settings.expose(user);
  const producer = JSON.stringify([user?.id ?? null, frame.session]);
  const member = (await services.digest(producer)).slice(0, 16);
  if (peer.lane.signal.aborted) return;
  const identity: Identity = { user, shown, producer, instance: frame.instance, attempt: frame.attempt ?? 0, member, sender: [member, shown] };
  peer.identity = identity;
  const refused = services.register(peer, frame.takeover);
  if (refused !== null) {
    peer.identity = null;
    return services.drop(peer, refused, refused === 4409 ? 'another client has this session key' : 'a newer connection of this session is there');
  }
  const { interval, timeout } = settings.heartbeat;
  services.advance(peer, { type: 'known', expiresAt: expiryOf(user) });
  tell(peer, {
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

export async function auth(frame: Extract<ClientFrame, { type: 'auth' }>, peer: Peer, services: Services): Promise<void> {
  const identity = identityOf(peer);
  const user = await userOf(peer, frame.token, services);
  if (peer.lane.signal.aborted) return;
  if (user === 'failed') return tell(peer, { type: 'error', ref: null, code: 'unavailable', reason: 'authentication is unavailable' });
  if (user === 'refused' || expiryOf(user) <= services.now()) return services.drop(peer, 4401, 'the token was refused');
  if ((user?.id ?? null) !== (identity.user?.id ?? null)) return services.drop(peer, 4403, 'a token of another user');
  const shown = user && services.settings.expose(user);
  peer.identity = { ...identity, user, shown, sender: [identity.member, shown] };
  services.advance(peer, { type: 'renewed', expiresAt: expiryOf(user) });
  tell(peer, { type: 'auth', expires: user?.expiresAt ?? null });
}
