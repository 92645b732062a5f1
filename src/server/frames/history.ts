// history: older entries of a room's log.
import type { ClientFrame } from '../../protocol/frames.js';
import { allowed, nothing } from '../access/authorize.js';
import { queueFrame } from '../delivery/queue-frame.js';
import { isHere } from '../delivery/receiver.js';
import type { Peer } from '../members/peer.js';
import { messageBytes, newestPortion } from '../util/frame-splitting.js';
import type { Services } from './context.js';
import { fail, refuse } from './refuse-frame.js';

export async function history(
  frame: Extract<ClientFrame, { type: 'history' }>,
  peer: Peer,
  services: Services,
): Promise<void> {
  await services.slowReaders.room(peer);
  if (peer.ended) return;
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
  queueFrame(peer, {
    type: 'history',
    ref: frame.ref,
    messages,
    more: page.more || messages.length < page.entries.length,
  });
}
