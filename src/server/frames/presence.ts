// presence: what a member shows of itself.
import { isLarger } from '../../protocol/bytes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { allowed } from '../access/authorize.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Membership, type Peer } from '../members/peer.js';
import { changedIn, parsedPresence, type Presence } from '../rooms/parse-presence.js';
import { once } from '../util/once.js';
import type { Services } from './context.js';
import { complain, fail, isTaken, refuse } from './refuse-frame.js';

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
