// The question whether a connection may still be in its rooms. It is asked for all of them at once, after a
// new token, or when the app calls `reauthorize`.
import { queueFrame } from '../delivery/queue-frame.js';
import { isHere } from '../delivery/receiver.js';
import type { Membership, Peer } from '../members/peer.js';
import { askAuthorize } from './authorize.js';
import type { AccessContext } from './context.js';

async function reauthorizeRoom(
  membership: Membership,
  countBefore: number,
  context: AccessContext,
): Promise<void> {
  const { room, peer, presence } = membership;
  membership.cachedAnswers = null;
  const answer = await askAuthorize(membership, 'join', null, () => presence, context);
  // The member left meanwhile, or is asked for again: the newer answer counts then.
  if (answer === 'yes' || peer.reauthorizeCount !== countBefore || !isHere(membership)) return;
  if (answer === 'no') {
    const expelled = context.expelSession(peer, room);
    queueFrame(peer, { type: 'left', room, code: 'denied' });
    await expelled;
  } else {
    // There is no answer: the member joins again, and so is asked for again. Nothing is delivered to it until
    // then.
    context.endMembership(membership, context.settings.presenceGrace);
    queueFrame(peer, { type: 'reset', room, why: 'unavailable' });
  }
}

export async function reauthorize(peer: Peer, context: AccessContext): Promise<void> {
  const countBefore = ++peer.reauthorizeCount;
  await Promise.all(
    Array.from(peer.memberships.values(), (membership) => reauthorizeRoom(membership, countBefore, context)),
  );
}
