// Whether a connection may still be in its rooms: asked for all of them at once when its token is new, or when the app says that something changed.
import { asked } from './authorize.js';
import { queueFrame } from '../delivery/queue-frame.js';
import { isHere } from '../delivery/receiver.js';
import type { Membership, Peer } from '../members/peer.js';
import type { AccessContext } from './context.js';

async function ask(membership: Membership, serial: number, context: AccessContext): Promise<void> {
  const { room, peer, presence } = membership;
  membership.verdicts = null;
  const answer = await asked(membership, 'join', null, () => presence, context);
  // Gone meanwhile, or asked for again: then the newer answer counts.
  if (answer === 'yes' || peer.reauthorized !== serial || !isHere(membership)) return;
  if (answer === 'no') {
    const expelled = context.expel(peer, room);
    queueFrame(peer, { type: 'left', room, code: 'denied' });
    await expelled;
  } else {
    // Nobody knows: it joins again, and so asks again, with nothing delivered until then.
    context.depart(membership, context.settings.presenceGrace);
    queueFrame(peer, { type: 'reset', room, why: 'unavailable' });
  }
}

export async function reauthorize(peer: Peer, context: AccessContext): Promise<void> {
  const serial = ++peer.reauthorized;
  await Promise.all(Array.from(peer.memberships.values(), (membership) => ask(membership, serial, context)));
}
