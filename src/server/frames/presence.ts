// presence: a change of what a member shows of itself.
import { isLarger } from '../../protocol/bytes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { authorizeMember } from '../access/authorize.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Membership, type Peer } from '../members/peer.js';
import { changedFields, parsePresence, type Presence } from '../rooms/parse-presence.js';
import { once } from '../util/once.js';
import type { FrameContext } from './context.js';
import {
  refuseByAnswer,
  refuseByError,
  refuseFrame,
  refuseNotJoined,
  takeRoomToken,
} from './refuse-frame.js';

/** A presence after a patch. */
interface PatchedPresence {
  /** The whole presence as other members see it. */
  readonly presence: Presence;
  /** The whole presence as the client said it. */
  readonly saidPresence: Presence;
  /** The fields that other members are told: those of the patch, and those that the contract changed besides. */
  readonly shownChange: Presence;
  /** Whether a field is gone. Other members are told the whole presence then. */
  readonly hasLostField: boolean;
}

function patchPresence(
  { served, saidPresence: saidBefore, presence: presenceBefore }: Membership,
  patch: Presence,
  clearedFields: readonly string[],
  maxBytes: number,
): PatchedPresence {
  const cleared = new Set(clearedFields);
  const saidPresence = Object.fromEntries(
    Object.entries({ ...saidBefore, ...patch }).filter(([field]) => !cleared.has(field)),
  );
  const presence = parsePresence(served.contract, saidPresence);
  if (isLarger(JSON.stringify(presence), maxBytes) || isLarger(JSON.stringify(saidPresence), maxBytes))
    throw new RealtimeError('too-large', `a presence is at most ${maxBytes} bytes`);
  const changed = changedFields(presenceBefore, presence);
  const shownChange = Object.fromEntries(
    Object.entries(presence).filter(
      ([field]) => Object.hasOwn(patch, field) || Object.hasOwn(changed, field),
    ),
  );
  const hasLostField = Object.keys(presenceBefore ?? {}).some((field) => !Object.hasOwn(presence, field));
  return { presence, saidPresence, shownChange, hasLostField };
}

export async function handlePresence(
  frame: Extract<ClientFrame, { type: 'presence' }>,
  peer: Peer,
  context: FrameContext,
): Promise<void> {
  const { broker, presenceMemory, settings } = context;
  const membership = peer.memberships.get(frame.room);
  if (!membership) return refuseNotJoined(peer, frame);
  if (!membership.served.presence)
    return refuseFrame(peer, frame, { code: 'rejected', reason: 'this room has no presence' });
  try {
    const { patch, cleared } = frame;
    const readPatched = once(() =>
      patchPresence(membership, patch as Presence, cleared ?? [], settings.limits.presence),
    );
    const readChange = (): unknown => readPatched().shownChange;
    const answer = await authorizeMember(membership, 'presence', null, readChange, context);
    if (!isHere(membership)) return;
    if (answer !== 'yes') return refuseByAnswer(peer, frame, answer);
    const { presence, saidPresence, shownChange, hasLostField } = readPatched();
    if (!takeRoomToken(membership, frame, context.monotonicNow())) return;
    const { member, user, shownUser } = identityOf(peer);
    if (!presenceMemory.show(frame.room, member, user?.id ?? null, presence, saidPresence))
      return refuseFrame(peer, frame, {
        code: 'too-large',
        reason: 'too much is shown in all rooms together',
      });
    membership.presence = presence;
    membership.saidPresence = saidPresence;
    if (hasLostField) await broker.enter(frame.room, [member, shownUser, presence]);
    else if (Object.keys(shownChange).length > 0) await broker.update(frame.room, member, shownChange);
  } catch (error) {
    refuseByError(peer, frame, error);
  }
}
