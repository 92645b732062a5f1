// history: older entries of a room's log.
import type { ClientFrame } from '../../protocol/frames.js';
import { authorizeMember, noData } from '../access/authorize.js';
import { queueFrame } from '../delivery/queue-frame.js';
import { isHere } from '../delivery/receiver.js';
import type { Peer } from '../members/peer.js';
import { maxMessageBytes, newestPortion } from '../util/frame-splitting.js';
import type { FrameContext } from './context.js';
import { refuseByAnswer, refuseNotJoined } from './refuse-frame.js';

export async function handleHistory(
  frame: Extract<ClientFrame, { type: 'history' }>,
  peer: Peer,
  context: FrameContext,
): Promise<void> {
  // The answer may be long: the connection first reads what waits for it.
  await context.slowReaders.whenRead(peer);
  if (peer.isEnded) return;
  const membership = peer.memberships.get(frame.room);
  if (!membership) return refuseNotJoined(peer, frame);
  const answer = await authorizeMember(membership, 'history', null, noData, context);
  if (!isHere(membership)) return;
  if (answer !== 'yes') return refuseByAnswer(peer, frame, answer);
  const page = await context.broker.read(frame.room, {
    before: frame.before,
    limit: Math.min(frame.limit, context.settings.limits.history),
    bytes: maxMessageBytes,
  });
  if ('why' in page) throw new Error('a broker refused to read its newest entries');
  const messages = newestPortion(page.entries);
  queueFrame(peer, {
    type: 'history',
    ref: frame.ref,
    messages,
    more: page.more || messages.length < page.entries.length,
  });
}
