// presence: what a member shows of itself.
import { isLarger } from '../../protocol/bytes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { authorizeMember } from '../access/authorize.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Membership, type Peer } from '../members/peer.js';
import { changedFields, parsePresence, type Presence } from '../rooms/parse-presence.js';
import { once } from '../util/once.js';
import type { FrameContext } from './context.js';
import { complain, fail, isTaken, refuse } from './refuse-frame.js';

/** A presence that a patch makes. */
interface PatchedPresence {
  /** Whole, as others see it. */
  readonly whole: Presence;
  /** Whole, as the client said it. */
  readonly said: Presence;
  /** What others are told: what the patch names, as they see it, and what it changed beside that. */
  readonly shown: Presence;
  /** Whether the whole has no longer what it had: then others are told of all of it. */
  readonly hasLost: boolean;
}

function patchPresence(
  { served, saidPresence: saidBefore, presence: handlePresence }: Membership,
  patch: Presence,
  cleared: readonly string[],
  maxBytes: number,
): PatchedPresence {
  const clearedFields = new Set(cleared);
  const saidPresence = Object.fromEntries(
    Object.entries({ ...saidBefore, ...patch }).filter(([key]) => !clearedFields.has(key)),
  );
  const wholePresence = parsePresence(served.contract, saidPresence);
  if (isLarger(JSON.stringify(wholePresence), maxBytes) || isLarger(JSON.stringify(saidPresence), maxBytes))
    throw new RealtimeError('too-large', `a presence is at most ${maxBytes} bytes`);
  const changed = changedFields(handlePresence, wholePresence);
  const shownChange = Object.fromEntries(
    Object.entries(wholePresence).filter(([key]) => Object.hasOwn(patch, key) || Object.hasOwn(changed, key)),
  );
  const hasLost = Object.keys(handlePresence ?? {}).some((key) => !Object.hasOwn(wholePresence, key));
  return { whole: wholePresence, said: saidPresence, shown: shownChange, hasLost };
}

export async function presence(
  frame: Extract<ClientFrame, { type: 'presence' }>,
  peer: Peer,
  context: FrameContext,
): Promise<void> {
  const membership = peer.memberships.get(frame.room);
  if (!membership) return fail(peer, frame.room, 'not-joined', 'join the room first');
  if (!membership.served.presence) return fail(peer, frame.room, 'rejected', 'this room has no presence');
  try {
    const { patch, cleared } = frame;
    const readPatched = once(() =>
      patchPresence(membership, patch as Presence, cleared ?? [], context.settings.limits.presence),
    );
    const answer = await authorizeMember(membership, 'presence', null, () => readPatched().shown, context);
    if (!isHere(membership)) return;
    if (answer !== 'yes') return refuse(peer, frame.room, answer);
    const { whole: wholePresence, said: saidPresence, shown: shownChange, hasLost } = readPatched();
    if (!isTaken(membership, 'presence', context)) return;
    const { member, user, shownUser } = identityOf(peer);
    if (!context.presenceMemory.show(frame.room, member, user?.id ?? null, wholePresence, saidPresence))
      return fail(peer, frame.room, 'too-large', 'too much is shown in all rooms together');
    membership.presence = wholePresence;
    membership.saidPresence = saidPresence;
    if (hasLost) await context.broker.enter(frame.room, [member, shownUser, wholePresence]);
    else if (Object.keys(shownChange).length > 0)
      await context.broker.update(frame.room, member, shownChange);
  } catch (error) {
    complain(peer, frame.room, error);
  }
}
