// join and leave: into a room at a position, and out of it again.
import { isLarger } from '../../protocol/bytes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame, MemberTuple } from '../../protocol/frames.js';
import { toTuple, type Position } from '../../protocol/position.js';
import { askAuthorize } from '../access/authorize.js';
import type { MemberList } from '../delivery/member-list.js';
import { queueFrame, queueFrameAndMeasure } from '../delivery/queue-frame.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Membership, type Peer } from '../members/peer.js';
import { traceOf } from '../observe/log.js';
import { findRoom, type FoundRoom } from '../rooms/find-room.js';
import type { NotNow } from '../rooms/not-now.js';
import { parsePresence, type Presence } from '../rooms/parse-presence.js';
import { tooFast } from '../rooms/too-fast.js';
import { splitIntoPortions } from '../util/frame-splitting.js';
import { once } from '../util/once.js';
import { catchUp, type CatchUpPage } from './catch-up.js';
import type { FrameContext } from './context.js';
import { putOffFrame, refuseFrame } from './refuse-frame.js';

type JoinFrame = Extract<ClientFrame, { type: 'join' }>;

/** The start of a member list, as a `joined` frame carries it. */
type ListStart = ReturnType<MemberList['beginListing']>;

/** Entries that a `joined` frame carries itself, at most. More follow as messages. */
const maxJoinedEntries = 256;

/** The answer for a room that does not exist, and for one that the user may not join: the client cannot tell which. */
function denyRoom(peer: Peer, frame: JoinFrame): void {
  refuseFrame(peer, frame, { code: 'denied', reason: 'no such room, or not for you' });
}

/** The presence that a join brings. Null if it brings none. */
function broughtPresenceOf(
  { presence, room }: JoinFrame,
  { served }: FoundRoom,
  { settings }: FrameContext,
): Presence | null | 'invalid' {
  if (presence === null || !served.presence) return null;
  try {
    const parsed = parsePresence(served.contract, presence);
    return isLarger(JSON.stringify(parsed), settings.limits.presence) ? 'invalid' : parsed;
  } catch (error) {
    // The client is told of a presence that does not fit. A schema that throws is the app's bug, and logged.
    if (!(error instanceof RealtimeError))
      settings.logger.error({ room, ...traceOf(error) }, 'a presence could not be checked');
    return 'invalid';
  }
}

/** What `authorize` said to a join. */
interface JoinPermit {
  readonly foundRoom: FoundRoom;
  readonly presence: Presence | null;
  /** Why the presence that the join brings is not shown; null if it is, or if there is none. */
  readonly whyNotShown: string | NotNow | null;
}

/** Asks whether the user may join, and show its presence. Null if the client was answered already, or is gone. */
async function askToJoin(frame: JoinFrame, peer: Peer, context: FrameContext): Promise<JoinPermit | null> {
  const { settings } = context;
  const { room } = frame;
  if (!peer.memberships.get(room) && peer.memberships.size >= settings.limits.rooms) {
    const reason = `at most ${settings.limits.rooms} rooms a connection`;
    refuseFrame(peer, frame, { code: 'too-many-rooms', reason });
    return null;
  }
  const foundRoom = findRoom(settings.rooms, room);
  if (!foundRoom) {
    denyRoom(peer, frame);
    return null;
  }
  const readBrought = once(() => broughtPresenceOf(frame, foundRoom, context));
  // A presence that does not fit is left out: it does not keep the user from the room.
  const readFitting = (): Presence | null => {
    const brought = readBrought();
    return brought === 'invalid' ? null : brought;
  };
  const subject = { ...foundRoom, room, peer };
  const answer = await askAuthorize(subject, 'join', null, readFitting, context);
  if (peer.isEnded) return null;
  if (answer === 'no') {
    await context.expelSession(peer, room);
    if (!peer.isEnded) denyRoom(peer, frame);
    return null;
  }
  if (answer !== 'yes') {
    putOffFrame(peer, frame, answer);
    return null;
  }
  const presence = readFitting();
  if (readBrought() === 'invalid')
    return { foundRoom, presence, whyNotShown: 'the presence does not fit the room' };
  if (presence === null) return { foundRoom, presence, whyNotShown: null };
  const mayShow = await askAuthorize(subject, 'presence', null, readFitting, context);
  if (peer.isEnded) return null;
  if (mayShow === 'yes') return { foundRoom, presence, whyNotShown: null };
  const whyNotShown = mayShow === 'no' ? 'not allowed to show a presence' : mayShow;
  return { foundRoom, presence: null, whyNotShown };
}

function createMembership(
  frame: JoinFrame,
  peer: Peer,
  { foundRoom, presence }: JoinPermit,
  { hub, monotonicNow }: FrameContext,
): Membership {
  return {
    room: frame.room,
    ...foundRoom,
    peer,
    member: identityOf(peer).member,
    sendQueue: peer.sendQueue,
    lastSeq: 0,
    watermarkAskedAt: Math.floor(monotonicNow()),
    resendAfter: null,
    putOffCount: 0,
    presence,
    saidPresence: presence && (frame.presence as Presence),
    heldFrames: [],
    at: null,
    behind: null,
    listProgress: null,
    roomRate: hub.rateOf(frame.room, foundRoom.served.rate),
    share: null,
    isExpelled: false,
    cachedAnswers: null,
  };
}

/** Counts the presence of a member that joins. False if too much is shown: the member shows nothing then. */
function countPresence(membership: Membership, { presenceMemory }: FrameContext): boolean {
  const { room, member, served, peer, presence, saidPresence } = membership;
  if (!served.presence) return true;
  const user = identityOf(peer).user?.id ?? null;
  if (presenceMemory.show(room, member, user, presence, saidPresence)) return true;
  membership.presence = membership.saidPresence = null;
  presenceMemory.forget(room, member);
  return false;
}

/** Shows the member to the others. Returns the list of members, or null if the room shows none. */
async function enterPresence(
  membership: Membership,
  { broker, hub, cancelGrace }: FrameContext,
): Promise<ListStart | null> {
  const { room, served, peer, presence } = membership;
  if (!served.presence || !isHere(membership)) return null;
  const { member, shownUser } = identityOf(peer);
  const ownMember: MemberTuple = [member, shownUser, presence];
  cancelGrace(membership);
  await broker.enter(room, ownMember);
  const memberList = await hub.memberList(room);
  const start = memberList.beginListing();
  // The node may hear of the member later than it reads the list.
  return memberList.get(member) ? start : { ...start, members: [...start.members, ownMember] };
}

/** Queues `joined` and the entries that it has no room for. Returns the position of the last entry that was queued. */
function queueJoined(
  { room, peer, lastSeq }: Membership,
  { page, why, recovered }: CatchUpPage,
  start: ListStart | null,
  maxBytes: number,
): Position {
  const messages = recovered
    ? (splitIntoPortions(page.entries.slice(0, maxJoinedEntries))[0] ?? [])
    : page.entries;
  queueFrame(peer, {
    type: 'joined',
    room,
    position: toTuple(page.from),
    recovered,
    why,
    messages,
    members: start && start.members,
    last: lastSeq,
    more: page.more,
  });
  let at: Position = page.from;
  let queuedBytes = 0;
  for (const entry of page.entries) {
    // Entries beyond this come later, from the log, as the client reads.
    if (queuedBytes > maxBytes) break;
    if (entry[0] - page.from.offset > messages.length)
      queuedBytes += queueFrameAndMeasure(peer, { type: 'message', room, entry });
    at = { epoch: page.epoch, offset: entry[0], tag: entry[1] };
  }
  return at;
}

/** Takes a member into its room, from `hub.enter` until its first events. */
async function enterRoom(
  frame: JoinFrame,
  membership: Membership,
  whyNotShown: string | NotNow | null,
  context: FrameContext,
): Promise<void> {
  const { broker, hub, settings, slowReaders, meter } = context;
  const { peer, room, served } = membership;
  const { producer } = identityOf(peer);
  await hub.enter(membership);
  const watermark = await broker.watermark(room, producer);
  // A message of an earlier connection may have been settled since.
  membership.lastSeq = Math.max(membership.lastSeq, watermark);
  const caughtUp = await catchUp(frame, membership, context);
  if ('notNow' in caughtUp) {
    if (!isHere(membership)) return;
    context.endMembership(membership, settings.presenceGrace);
    return putOffFrame(peer, frame, caughtUp);
  }
  const { page, why, recovered, isKnown } = caughtUp;
  // A session that is expelled from now on is expelled after its admission, and not before it.
  if (served.authorize && !isKnown && isHere(membership))
    await broker.admissions?.admit(room, producer, page.from);
  const start = await enterPresence(membership, context);
  if (!isHere(membership)) return;
  meter.roomJoined(frame.position ? (why ?? 'recovered') : 'new');
  const at = queueJoined(membership, caughtUp, start, settings.buffer / 2);
  if (start) slowReaders.listMembers(membership, start.listing);
  if (typeof whyNotShown === 'string') refuseFrame(peer, frame, { code: 'rejected', reason: whyNotShown });
  else if (whyNotShown) putOffFrame(peer, frame, whyNotShown);
  if (peer.sendQueue.isSlow || (recovered && at.offset < page.top.offset))
    slowReaders.followLog(membership, at);
  else hub.goLive(membership, at);
}

export async function handleJoin(frame: JoinFrame, peer: Peer, context: FrameContext): Promise<void> {
  // The answer may be long: the connection first reads what waits for it.
  await context.slowReaders.whenRead(peer);
  if (peer.isEnded) return;
  const reauthorizeCount = peer.reauthorizeCount;
  const permit = await askToJoin(frame, peer, context);
  if (!permit) return;
  // The rights of the user changed meanwhile, so the answers are out of date.
  if (peer.reauthorizeCount !== reauthorizeCount) return handleJoin(frame, peer, context);
  const membership = createMembership(frame, peer, permit, context);
  const { roomRate } = membership;
  const waitMs = roomRate.join(membership, context.monotonicNow());
  if (waitMs > 0) return putOffFrame(peer, frame, tooFast('join', { waitMs, perSecond: roomRate.perSecond }));
  const isCounted = countPresence(membership, context);
  const before = peer.memberships.get(frame.room);
  if (before) context.hub.leave(before);
  peer.memberships.set(frame.room, membership);
  const whyNotShown = isCounted ? permit.whyNotShown : 'too much is shown in all rooms together';
  await enterRoom(frame, membership, whyNotShown, context);
}

export function handleLeave(
  frame: Extract<ClientFrame, { type: 'leave' }>,
  peer: Peer,
  context: FrameContext,
): void {
  const membership = peer.memberships.get(frame.room);
  if (membership) context.endMembership(membership, 0);
  queueFrame(peer, { type: 'left', room: frame.room, code: null });
}
