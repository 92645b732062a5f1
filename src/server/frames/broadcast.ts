// broadcast: a message that no log keeps.
import type { ClientFrame } from '../../protocol/frames.js';
import { authorizeMember } from '../access/authorize.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Peer } from '../members/peer.js';
import { parseLazily } from '../rooms/lazy-parse.js';
import type { FrameContext } from './context.js';
import { refuseByAnswer, refuseByError, refuseNotJoined, takeRoomToken } from './refuse-frame.js';

export async function handleBroadcast(
  frame: Extract<ClientFrame, { type: 'broadcast' }>,
  peer: Peer,
  context: FrameContext,
): Promise<void> {
  const membership = peer.memberships.get(frame.room);
  if (!membership) return refuseNotJoined(peer, frame);
  try {
    const message = parseLazily(membership.served.contract, frame);
    const readData = (): unknown => message().data;
    const answer = await authorizeMember(membership, 'broadcast', frame.message, readData, context);
    if (!isHere(membership)) return;
    if (answer !== 'yes') return refuseByAnswer(peer, frame, answer);
    const { data, version } = message();
    if (!takeRoomToken(membership, frame, context.monotonicNow())) return;
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
    refuseByError(peer, frame, error);
  }
}
