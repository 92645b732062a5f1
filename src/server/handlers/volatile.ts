// broadcast, presence, history: what is not kept, what members show, what is read back.
import { readMessage } from '../../contract/validate.js';
import { isLarger } from '../../protocol/bytes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { checkPayload } from '../../protocol/payload.js';
import { allowed } from '../ask.js';
import { identityOf, isHere, tell, type Answer, type Peer } from '../peer.js';
import { messageBytes, newestPortion } from '../portions.js';
import type { Services } from '../services.js';
import { changedIn, parsedPresence } from '../shown.js';

function fail(peer: Peer, ref: number | string, code: string, reason: string): void {
  tell(peer, { type: 'error', ref, code, reason });
}

const refuse = (peer: Peer, ref: number | string, answer: Exclude<Answer, 'yes'>): void => {
  if (answer === 'no') fail(peer, ref, 'rejected', 'not allowed');
  else fail(peer, ref, 'unavailable', 'the server could not answer in time');
};

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
    checkPayload(frame.data);
    const { data, version } = readMessage(
      membership.served.contract,
      frame.message,
      frame.version,
      frame.data,
    );
    checkPayload(data);
    const answer = await allowed(membership, 'broadcast', frame.message, data, services);
    if (!isHere(membership)) return;
    if (answer !== 'yes') return refuse(peer, frame.room, answer);
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

export async function presence(
  frame: Extract<ClientFrame, { type: 'presence' }>,
  peer: Peer,
  services: Services,
): Promise<void> {
  const membership = peer.memberships.get(frame.room);
  if (!membership) return fail(peer, frame.room, 'not-joined', 'join the room first');
  if (!membership.served.presence) return fail(peer, frame.room, 'rejected', 'this room has no presence');
  try {
    const patch = frame.patch as Readonly<Record<string, unknown>>;
    const said = { ...membership.said, ...patch };
    const whole = parsedPresence(membership.served.contract, said);
    const { presence: most } = services.settings.limits;
    if (isLarger(JSON.stringify(whole), most) || isLarger(JSON.stringify(said), most))
      return fail(
        peer,
        frame.room,
        'too-large',
        `a presence is at most ${services.settings.limits.presence} bytes`,
      );
    const changed = changedIn(membership.presence, whole);
    // What was said, as others see it, and what it changed beside that.
    const shown = Object.fromEntries(
      Object.entries(whole).filter(([key]) => Object.hasOwn(patch, key) || Object.hasOwn(changed, key)),
    );
    const answer = await allowed(membership, 'presence', null, shown, services);
    if (!isHere(membership)) return;
    if (answer !== 'yes') return refuse(peer, frame.room, answer);
    const { member, user } = identityOf(peer);
    if (!services.presences.show(frame.room, member, user?.id ?? null, whole, said))
      return fail(peer, frame.room, 'too-large', 'too much is shown in all rooms together');
    membership.presence = whole;
    membership.said = said;
    if (Object.keys(shown).length > 0)
      await services.broker.update(frame.room, identityOf(peer).member, shown);
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
  const answer = await allowed(membership, 'history', null, null, services);
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
