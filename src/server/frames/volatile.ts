// broadcast, presence, history: what is not kept, what members show, what is read back.
import { isLarger } from '../../protocol/bytes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { allowed, nothing } from '../access/authorize.js';
import { once } from '../util/once.js';
import { identityOf, isHere, tell, type Answer, type Membership, type Peer } from '../members/peer.js';
import { messageBytes, newestPortion } from '../util/frame-splitting.js';
import { readOnce } from '../rooms/lazy-parse.js';
import type { Services } from './context.js';
import { changedIn, parsedPresence, type Presence } from '../rooms/parse-presence.js';
import { fail, postpone, tooFastFor } from './refuse-frame.js';

const refuse = (peer: Peer, ref: number | string, answer: Exclude<Answer, 'yes'>): void => {
  if (answer === 'no') fail(peer, ref, 'rejected', 'not allowed');
  else postpone(peer, ref, answer);
};

/** Whether the room takes one more of a member's messages or changes now. If not, the member is told. */
function isTaken(membership: Membership, type: 'broadcast' | 'presence', { steady }: Services): boolean {
  const { pace, peer, room } = membership;
  const wait = pace.take(membership, steady());
  if (wait === 0) return true;
  postpone(peer, room, tooFastFor(type, { wait, rate: pace.rate }));
  return false;
}

const complain = (peer: Peer, ref: number | string, error: unknown): void => {
  if (!(error instanceof RealtimeError)) throw error;
  fail(peer, ref, error.code, error.message);
};

export async function broadcast(
  frame: Extract<ClientFrame, { type: 'broadcast' }>,
  peer: Peer,
  services: Services,
): Promise<void> {
  const membership = peer.memberships.get(frame.room);
  if (!membership) return fail(peer, frame.room, 'not-joined', 'join the room first');
  try {
    const message = readOnce(membership.served.contract, frame);
    const answer = await allowed(membership, 'broadcast', frame.message, () => message().data, services);
    if (!isHere(membership)) return;
    if (answer !== 'yes') return refuse(peer, frame.room, answer);
    const { data, version } = message();
    if (!isTaken(membership, 'broadcast', services)) return;
    const { member, sender } = identityOf(peer);
    services.broker.publish(frame.room, {
      type: 'broadcast',
      except: member,
      sender,
      message: frame.message,
      version,
      data,
    });
  } catch (error) {
    complain(peer, frame.room, error);
  }
}

/** A presence that a patch makes. */
interface Patched {
  /** Whole, as others see it. */
  readonly whole: Presence;
  /** Whole, as the client said it. */
  readonly said: Presence;
  /** What others are told: what the patch names, as they see it, and what it changed beside that. */
  readonly shown: Presence;
  /** Whether the whole has no longer what it had: then others are told of all of it. */
  readonly hasLost: boolean;
}

function patched(
  { served, said: before, presence }: Membership,
  patch: Presence,
  cleared: readonly string[],
  mostBytes: number,
): Patched {
  const gone = new Set(cleared);
  const said = Object.fromEntries(Object.entries({ ...before, ...patch }).filter(([key]) => !gone.has(key)));
  const whole = parsedPresence(served.contract, said);
  if (isLarger(JSON.stringify(whole), mostBytes) || isLarger(JSON.stringify(said), mostBytes))
    throw new RealtimeError('too-large', `a presence is at most ${mostBytes} bytes`);
  const changed = changedIn(presence, whole);
  const shown = Object.fromEntries(
    Object.entries(whole).filter(([key]) => Object.hasOwn(patch, key) || Object.hasOwn(changed, key)),
  );
  const hasLost = Object.keys(presence ?? {}).some((key) => !Object.hasOwn(whole, key));
  return { whole, said, shown, hasLost };
}

export async function presence(
  frame: Extract<ClientFrame, { type: 'presence' }>,
  peer: Peer,
  services: Services,
): Promise<void> {
  const membership = peer.memberships.get(frame.room);
  if (!membership) return fail(peer, frame.room, 'not-joined', 'join the room first');
  if (!membership.served.presence) return fail(peer, frame.room, 'rejected', 'this room has no presence');
  try {
    const { patch, cleared } = frame;
    const made = once(() =>
      patched(membership, patch as Presence, cleared ?? [], services.settings.limits.presence),
    );
    const answer = await allowed(membership, 'presence', null, () => made().shown, services);
    if (!isHere(membership)) return;
    if (answer !== 'yes') return refuse(peer, frame.room, answer);
    const { whole, said, shown, hasLost } = made();
    if (!isTaken(membership, 'presence', services)) return;
    const { member, user, shown: shownUser } = identityOf(peer);
    if (!services.presences.show(frame.room, member, user?.id ?? null, whole, said))
      return fail(peer, frame.room, 'too-large', 'too much is shown in all rooms together');
    membership.presence = whole;
    membership.said = said;
    if (hasLost) await services.broker.enter(frame.room, [member, shownUser, whole]);
    else if (Object.keys(shown).length > 0) await services.broker.update(frame.room, member, shown);
  } catch (error) {
    complain(peer, frame.room, error);
  }
}

export async function history(
  frame: Extract<ClientFrame, { type: 'history' }>,
  peer: Peer,
  services: Services,
): Promise<void> {
  await services.slowReaders.room(peer);
  if (peer.lane.ended) return;
  const membership = peer.memberships.get(frame.room);
  if (!membership) return fail(peer, frame.ref, 'not-joined', 'join the room first');
  const answer = await allowed(membership, 'history', null, nothing, services);
  if (!isHere(membership)) return;
  if (answer !== 'yes') return refuse(peer, frame.ref, answer);
  const page = await services.broker.read(frame.room, {
    before: frame.before,
    limit: Math.min(frame.limit, services.settings.limits.history),
    bytes: messageBytes,
  });
  if ('why' in page) throw new Error('a broker refused to read its newest entries');
  const messages = newestPortion(page.entries);
  tell(peer, {
    type: 'history',
    ref: frame.ref,
    messages,
    more: page.more || messages.length < page.entries.length,
  });
}
