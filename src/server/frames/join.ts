// join and leave: into a room at a position, out of it again.
import { isLarger } from '../../protocol/bytes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame, MemberTuple } from '../../protocol/frames.js';
import { toPosition, toTuple, type Position } from '../../protocol/position.js';
import { authorizeMember, askAuthorize, noData } from '../access/authorize.js';
import type { LogPage } from '../broker/broker.js';
import { findRoom } from '../rooms/find-room.js';
import { traceOf } from '../observe/log.js';
import type { Answer, NotNow } from '../rooms/not-now.js';
import { once } from '../util/once.js';
import { queueFrame, queueFrameAndMeasure } from '../delivery/queue-frame.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Membership, type Peer } from '../members/peer.js';
import {
  maxMessageBytes,
  newestPortion,
  splitIntoPortions,
  maxEntriesPerRead,
} from '../util/frame-splitting.js';
import type { MemberList } from '../delivery/member-list.js';
import type { FrameContext } from './context.js';
import { parsePresence, type Presence } from '../rooms/parse-presence.js';
import type { ServedRoom } from '../rooms/serve.js';
import { fail, postpone, tooFastFor } from './refuse-frame.js';

/** One answer for a room that does not exist and one that is not allowed. */
const denyRoom = (peer: Peer, room: string): void => {
  fail(peer, room, 'denied', 'no such room, or not for you');
};

/** The presence a join brings, or null where it brings none or one that does not fit. */
function broughtPresenceOf(
  presence: unknown,
  served: ServedRoom,
  room: string,
  { settings }: FrameContext,
): Presence | null | 'invalid' {
  if (presence === null || !served.presence) return null;
  try {
    const parsed = parsePresence(served.contract, presence);
    return isLarger(JSON.stringify(parsed), settings.limits.presence) ? 'invalid' : parsed;
  } catch (error) {
    // What does not fit is the client's affair, which is told. A schema that fails is the app's.
    if (!(error instanceof RealtimeError))
      settings.logger.error({ room, ...traceOf(error) }, 'a presence could not be checked');
    return 'invalid';
  }
}

/** The newest entries of a page that fit in one frame. What is left out lies before them, where history finds it: it may not follow as if it were news. */
function newestOfPage(page: LogPage): LogPage {
  const entries = newestPortion(page.entries);
  const [first] = entries;
  if (!first || entries.length === page.entries.length) return page;
  return { ...page, entries, from: { epoch: page.epoch, offset: first[0] - 1, tag: first[2] }, more: true };
}

interface CatchUpPage {
  readonly page: LogPage;
  readonly why: string | null;
  readonly recovered: boolean;
  /** Whether it goes on from where it was told of the room before: its broker knows of it. */
  readonly isKnown: boolean;
}

/** Whether a session was told of what follows a position, or would have been if its connection had not broken. */
async function wasTold(
  { room, served, peer }: Membership,
  at: Position,
  { broker }: FrameContext,
): Promise<boolean> {
  if (!served.authorize) return true;
  const { producer, user } = identityOf(peer);
  const from = await broker.admissions?.admitted(room, producer, user?.id ?? null);
  return from?.epoch === at.epoch && from.offset <= at.offset;
}

/**
 * What follows a position if it can be had whole; otherwise why not, and the newest part of the log. All that
 * the session was not told of is history, and asked for as such: the position
 * is what the client says.
 */
async function catchUp(
  frame: Extract<ClientFrame, { type: 'join' }>,
  membership: Membership,
  context: FrameContext,
): Promise<CatchUpPage | NotNow> {
  const { broker, settings } = context;
  let readAnswer: Answer | null = null;
  const mayRead = async (): Promise<Answer> =>
    (readAnswer ??= await authorizeMember(membership, 'history', null, noData, context));
  let why: string | null = null;
  if (frame.position) {
    const at = toPosition(frame.position);
    const isKnown = await wasTold(membership, at, context);
    const answer = isKnown ? 'yes' : await mayRead();
    if (typeof answer !== 'string') return answer;
    if (answer === 'no') why = 'denied';
    else {
      const page = await broker.read(frame.room, {
        after: at,
        limit: maxEntriesPerRead,
        bytes: maxMessageBytes,
      });
      if (!('why' in page)) return { page, why: null, recovered: true, isKnown };
      ({ why } = page);
    }
  }
  const readPermission = frame.history > 0 ? await mayRead() : 'no';
  if (typeof readPermission !== 'string') return readPermission;
  const page = await broker.read(frame.room, {
    before: null,
    limit: readPermission === 'yes' ? Math.min(frame.history, settings.limits.history) : 0,
    bytes: maxMessageBytes,
  });
  if ('why' in page) throw new Error('a broker refused to read its newest entries');
  // A log that began anew holds nothing that was missed, whoever asks.
  if (why === 'denied' && frame.position?.[0] !== page.epoch) why = 'epoch';
  return { page: newestOfPage(page), why, recovered: false, isKnown: false };
}

/** Missed entries that a `joined` frame carries itself, at most; more follow as messages. */
const maxJoinedEntries = 256;

export async function handleJoin(
  frame: Extract<ClientFrame, { type: 'join' }>,
  peer: Peer,
  context: FrameContext,
): Promise<void> {
  const { settings, broker, hub } = context;
  const identity = identityOf(peer);
  // The answer may be long: the connection reads first what it was answered before.
  await context.slowReaders.whenRead(peer);
  if (peer.isEnded) return;
  const before = peer.memberships.get(frame.room);
  if (!before && peer.memberships.size >= settings.limits.rooms) {
    return fail(peer, frame.room, 'too-many-rooms', `at most ${settings.limits.rooms} rooms a connection`);
  }
  const foundRoom = findRoom(settings.rooms, frame.room);
  if (!foundRoom) return denyRoom(peer, frame.room);
  const countBefore = peer.reauthorizeCount;
  const readBrought = once(() => broughtPresenceOf(frame.presence, foundRoom.served, frame.room, context));
  // A presence that does not fit is left out, and keeps nobody from the room: a join's rule sees none.
  const broughtOrNull = (): Presence | null => {
    const it = readBrought();
    return it === 'invalid' ? null : it;
  };
  const answer = await askAuthorize(
    { ...foundRoom, room: frame.room, peer },
    'join',
    null,
    broughtOrNull,
    context,
  );
  if (peer.isEnded) return;
  if (typeof answer !== 'string') return postpone(peer, frame.room, answer);
  if (answer === 'no') {
    await context.expelSession(peer, frame.room);
    return peer.isEnded ? undefined : denyRoom(peer, frame.room);
  }
  let presence = broughtOrNull();
  // Being in the room does not depend on what one shows there.
  let whyNotShown: string | NotNow | null = null;
  if (readBrought() === 'invalid') whyNotShown = 'the presence does not fit the room';
  else if (presence !== null) {
    const readPermission = await askAuthorize(
      { ...foundRoom, room: frame.room, peer },
      'presence',
      null,
      broughtOrNull,
      context,
    );
    if (readPermission !== 'yes') {
      whyNotShown = readPermission === 'no' ? 'not allowed to show a presence' : readPermission;
      presence = null;
    }
  }
  if (peer.isEnded) return;
  // What was answered meanwhile is out of date.
  if (peer.reauthorizeCount !== countBefore) return handleJoin(frame, peer, context);
  const membership: Membership = {
    room: frame.room,
    ...foundRoom,
    peer,
    member: identity.member,
    sendQueue: peer.sendQueue,
    lastSeq: 0,
    watermarkAskedAt: Math.floor(context.monotonicNow()),
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
  const wait = membership.roomRate.join(membership, context.monotonicNow());
  if (wait > 0)
    return postpone(
      peer,
      frame.room,
      tooFastFor('join', { waitMs: wait, perSecond: membership.roomRate.perSecond }),
    );
  if (
    foundRoom.served.presence &&
    !context.presenceMemory.show(
      frame.room,
      identity.member,
      identity.user?.id ?? null,
      presence,
      membership.saidPresence,
    )
  ) {
    whyNotShown = 'too much is shown in all rooms together';
    presence = membership.presence = membership.saidPresence = null;
    context.presenceMemory.forget(frame.room, identity.member);
  }
  if (before) hub.leave(before);
  peer.memberships.set(frame.room, membership);
  await hub.enter(membership);
  const last = await broker.watermark(frame.room, identity.producer);
  // A message of an earlier connection may have been settled since.
  membership.lastSeq = Math.max(membership.lastSeq, last);
  const caughtUp = await catchUp(frame, membership, context);
  if ('notNow' in caughtUp) {
    if (!isHere(membership)) return;
    context.endMembership(membership, settings.presenceGrace);
    return postpone(peer, frame.room, caughtUp);
  }
  const { page, why, recovered } = caughtUp;
  // Put out of the room from here on, it is expelled after it was admitted, and not before.
  if (foundRoom.served.authorize && !caughtUp.isKnown && isHere(membership))
    await broker.admissions?.admit(frame.room, identity.producer, page.from);
  const ownMember: MemberTuple = [identity.member, identity.shownUser, presence];
  let firstPart: ReturnType<MemberList['beginListing']> | null = null;
  if (foundRoom.served.presence && isHere(membership)) {
    context.cancelGrace(membership);
    await broker.enter(frame.room, ownMember);
    const memberList = await hub.memberList(frame.room);
    firstPart = memberList.beginListing();
    // What the broker says of it may be heard later.
    if (!memberList.get(identity.member))
      firstPart = { ...firstPart, members: [...firstPart.members, ownMember] };
  }
  if (!isHere(membership)) return;
  context.meter.roomJoined(frame.position ? (why ?? 'recovered') : 'new');
  const messages = recovered
    ? (splitIntoPortions(page.entries.slice(0, maxJoinedEntries))[0] ?? [])
    : page.entries;
  queueFrame(peer, {
    type: 'joined',
    room: frame.room,
    position: toTuple(page.from),
    recovered,
    why,
    messages,
    members: firstPart && firstPart.members,
    last: membership.lastSeq,
    more: page.more,
  });
  let at: Position = page.from;
  let queuedBytes = 0;
  for (const entry of page.entries) {
    // What a slow line could not take comes later, from the log.
    if (queuedBytes > settings.buffer / 2) break;
    if (entry[0] - page.from.offset > messages.length)
      queuedBytes += queueFrameAndMeasure(peer, { type: 'message', room: frame.room, entry });
    at = { epoch: page.epoch, offset: entry[0], tag: entry[1] };
  }
  if (firstPart) context.slowReaders.listMembers(membership, firstPart.listing);
  if (typeof whyNotShown === 'string') fail(peer, frame.room, 'rejected', whyNotShown);
  else if (whyNotShown) postpone(peer, frame.room, whyNotShown);
  if (peer.sendQueue.isSlow || (recovered && at.offset < page.top.offset))
    context.slowReaders.followLog(membership, at);
  else hub.goLive(membership, at);
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
