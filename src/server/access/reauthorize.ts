// Whether a connection may still be in its rooms: asked for all of them at once when its token is new, or when the app says that something changed.
import { asked } from './authorize.js';
import { isHere, tell, type Membership, type Peer } from '../members/peer.js';
import type { Services } from '../frames/context.js';

async function ask(membership: Membership, serial: number, services: Services): Promise<void> {
  const { room, peer, presence } = membership;
  membership.verdicts = null;
  const answer = await asked(membership, 'join', null, () => presence, services);
  // Gone meanwhile, or asked for again: then the newer answer counts.
  if (answer === 'yes' || peer.reauthorized !== serial || !isHere(membership)) return;
  if (answer === 'no') {
    const expelled = services.expel(peer, room);
    tell(peer, { type: 'left', room, code: 'denied' });
    await expelled;
  } else {
    // Nobody knows: it joins again, and so asks again, with nothing delivered until then.
    services.depart(membership, services.settings.presenceGrace);
    tell(peer, { type: 'reset', room, why: 'unavailable' });
  }
}

export async function reauthorize(peer: Peer, services: Services): Promise<void> {
  const serial = ++peer.reauthorized;
  await Promise.all(Array.from(peer.memberships.values(), (membership) => ask(membership, serial, services)));
}
