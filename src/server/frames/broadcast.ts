// broadcast: a message that is not kept.
import type { ClientFrame } from '../../protocol/frames.js';
import { authorizeMember } from '../access/authorize.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Peer } from '../members/peer.js';
import { parseLazily } from '../rooms/lazy-parse.js';
import type { FrameContext } from './context.js';
import { complain, fail, isTaken, refuse } from './refuse-frame.js';

export async function handleBroadcast(
  frame: Extract<ClientFrame, { type: 'broadcast' }>,
  peer: Peer,
  context: FrameContext,
): Promise<void> {
  const membership = peer.memberships.get(frame.room);
  if (!membership) return fail(peer, frame.room, 'not-joined', 'join the room first');
  try {
    const message = parseLazily(membership.served.contract, frame);
    const answer = await authorizeMember(
      membership,
      'broadcast',
      frame.message,
      () => message().data,
      context,
    );
    if (!isHere(membership)) return;
    if (answer !== 'yes') return refuse(peer, frame.room, answer);
    const { data, version } = message();
    if (!isTaken(membership, 'broadcast', context)) return;
    const { member, sender } = identityOf(peer);
    context.broker.publish(frame.room, {
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
