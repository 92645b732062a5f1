// broadcast: a message that is not kept.
import type { ClientFrame } from '../../protocol/frames.js';
import { allowed } from '../access/authorize.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Peer } from '../members/peer.js';
import { readOnce } from '../rooms/lazy-parse.js';
import type { Services } from './context.js';
import { complain, fail, isTaken, refuse } from './refuse-frame.js';

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
