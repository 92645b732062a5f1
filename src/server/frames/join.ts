// join and leave: into a room at a position, out of it again.
import { isLarger } from '../../protocol/bytes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame, MemberTuple } from '../../protocol/frames.js';
import { toPosition, toTuple, type Position } from '../../protocol/position.js';
import { allowed, asked, nothing } from '../access/authorize.js';
import type { LogPage } from '../broker/broker.js';
import { findRoom } from '../rooms/find-room.js';
import { traceOf } from '../observe/log.js';
import type { Answer, NotNow } from '../rooms/not-now.js';
import { once } from '../util/once.js';
import { queueFrame, queueFrameAndMeasure } from '../delivery/queue-frame.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Membership, type Peer } from '../members/peer.js';
import { messageBytes, newestPortion, portions, readAtOnce } from '../util/frame-splitting.js';
import type { Roster } from '../delivery/member-list.js';
import type { Services } from './context.js';
import { parsedPresence, type Presence } from '../rooms/parse-presence.js';
import type { ServedRoom } from '../rooms/serve.js';
import { fail, postpone, tooFastFor } from './refuse-frame.js';

/** One answer for a room that does not exist and one that is not allowed. */
const deny = (peer: Peer, room: string): void => {
  fail(peer, room, 'denied', 'no such room, or not for you');
};

/** The presence a join brings, or null where it brings none or one that does not fit. */
function presenceOf(
  presence: unknown,
  served: ServedRoom,
  room: string,
  { settings }: Services,
): Presence | null | 'invalid' {
  if (presence === null || !served.presence) return null;
  try {
    const parsed = parsedPresence(served.contract, presence);
    return isLarger(JSON.stringify(parsed), settings.limits.presence) ? 'invalid' : parsed;
  } catch (error) {
    // What does not fit is the client's affair, which is told. A schema that fails is the app's.
    if (!(error instanceof RealtimeError))
      settings.logger.error({ room, ...traceOf(error) }, 'a presence could not be checked');
    return 'invalid';
  }
}

/** The newest entries of a page that fit in one frame. What is left out lies before them, where history finds it: it may not follow as if it were news. */
function newestOf(page: LogPage): LogPage {
  const entries = newestPortion(page.entries);
  const [first] = entries;
  if (!first || entries.length === page.entries.length) return page;
  return { ...page, entries, from: { epoch: page.epoch, offset: first[0] - 1, tag: first[2] }, more: true };
}

interface CaughtUp {
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
  { broker }: Services,
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
  services: Services,
): Promise<CaughtUp | NotNow> {
  const { broker, settings } = services;
  let right: Answer | null = null;
  const mayRead = async (): Promise<Answer> =>
    (right ??= await allowed(membership, 'history', null, nothing, services));
  let why: string | null = null;
  if (frame.position) {
    const at = toPosition(frame.position);
    const isKnown = await wasTold(membership, at, services);
    const answer = isKnown ? 'yes' : await mayRead();
    if (typeof answer !== 'string') return answer;
    if (answer === 'no') why = 'denied';
    else {
      const page = await broker.read(frame.room, {
        after: at,
        limit: readAtOnce,
        bytes: messageBytes,
      });
      if (!('why' in page)) return { page, why: null, recovered: true, isKnown };
      ({ why } = page);
    }
  }
  const may = frame.history > 0 ? await mayRead() : 'no';
  if (typeof may !== 'string') return may;
  const page = await broker.read(frame.room, {
    before: null,
    limit: may === 'yes' ? Math.min(frame.history, settings.limits.history) : 0,
    bytes: messageBytes,
  });
  if ('why' in page) throw new Error('a broker refused to read its newest entries');
  // A log that began anew holds nothing that was missed, whoever asks.
  if (why === 'denied' && frame.position?.[0] !== page.epoch) why = 'epoch';
  return { page: newestOf(page), why, recovered: false, isKnown: false };
}

/** Missed entries that a `joined` frame carries itself, at most; more follow as messages. */
const firstPage = 256;

export async function join(
  frame: Extract<ClientFrame, { type: 'join' }>,
  peer: Peer,
  services: Services,
): Promise<void> {
  const { settings, broker, hub } = services;
  const identity = identityOf(peer);
  // The answer may be long: the connection reads first what it was answered before.
  await services.slowReaders.room(peer);
  if (peer.ended) return;
  const before = peer.memberships.get(frame.room);
  if (!before && peer.memberships.size >= settings.limits.rooms) {
    return fail(peer, frame.room, 'too-many-rooms', `at most ${settings.limits.rooms} rooms a connection`);
  }
  const found = findRoom(settings.rooms, frame.room);
  if (!found) return deny(peer, frame.room);
  const serial = peer.reauthorized;
  const brought = once(() => presenceOf(frame.presence, found.served, frame.room, services));
  // A presence that does not fit is left out, and keeps nobody from the room: a join's rule sees none.
  const shown = (): Presence | null => {
    const it = brought();
    return it === 'invalid' ? null : it;
  };
  const answer = await asked({ ...found, room: frame.room, peer }, 'join', null, shown, services);
  if (peer.ended) return;
  if (typeof answer !== 'string') return postpone(peer, frame.room, answer);
  if (answer === 'no') {
    await services.expel(peer, frame.room);
    return peer.ended ? undefined : deny(peer, frame.room);
  }
  let presence = shown();
  // Being in the room does not depend on what one shows there.
  let unshown: string | NotNow | null = null;
  if (brought() === 'invalid') unshown = 'the presence does not fit the room';
  else if (presence !== null) {
    const may = await asked({ ...found, room: frame.room, peer }, 'presence', null, shown, services);
    if (may !== 'yes') {
      unshown = may === 'no' ? 'not allowed to show a presence' : may;
      presence = null;
    }
  }
  if (peer.ended) return;
  // What was answered meanwhile is out of date.
  if (peer.reauthorized !== serial) return join(frame, peer, services);
  const membership: Membership = {
    room: frame.room,
    ...found,
    peer,
    member: identity.member,
    outgoing: peer.outgoing,
    last: 0,
    askedAt: Math.floor(services.steady()),
    gapped: false,
    told: 0,
    putOffs: 0,
    presence,
    said: presence && (frame.presence as Presence),
    waiting: [],
    at: null,
    behind: null,
    listing: null,
    pace: hub.pace(frame.room, found.served.rate),
    share: null,
    expelled: false,
    verdicts: null,
  };
  const wait = membership.pace.join(membership, services.steady());
  if (wait > 0) return postpone(peer, frame.room, tooFastFor('join', { wait, rate: membership.pace.rate }));
  if (
    found.served.presence &&
    !services.presences.show(
      frame.room,
      identity.member,
      identity.user?.id ?? null,
      presence,
      membership.said,
    )
  ) {
    unshown = 'too much is shown in all rooms together';
    presence = membership.presence = membership.said = null;
    services.presences.gone(frame.room, identity.member);
  }
  if (before) hub.leave(before);
  peer.memberships.set(frame.room, membership);
  await hub.enter(membership);
  const last = await broker.watermark(frame.room, identity.producer);
  // A message of an earlier connection may have been settled since.
  membership.last = Math.max(membership.last, last);
  const caughtUp = await catchUp(frame, membership, services);
  if ('notNow' in caughtUp) {
    if (!isHere(membership)) return;
    services.depart(membership, settings.presenceGrace);
    return postpone(peer, frame.room, caughtUp);
  }
  const { page, why, recovered } = caughtUp;
  // Put out of the room from here on, it is expelled after it was admitted, and not before.
  if (found.served.authorize && !caughtUp.isKnown && isHere(membership))
    await broker.admissions?.admit(frame.room, identity.producer, page.from);
  const own: MemberTuple = [identity.member, identity.shown, presence];
  let list: ReturnType<Roster['begin']> | null = null;
  if (found.served.presence && isHere(membership)) {
    services.returned(membership);
    await broker.enter(frame.room, own);
    const roster = await hub.roster(frame.room);
    list = roster.begin();
    // What the broker says of it may be heard later.
    if (!roster.get(identity.member)) list = { ...list, members: [...list.members, own] };
  }
  if (!isHere(membership)) return;
  services.meter.joined(frame.position ? (why ?? 'recovered') : 'new');
  const messages = recovered ? (portions(page.entries.slice(0, firstPage))[0] ?? []) : page.entries;
  queueFrame(peer, {
    type: 'joined',
    room: frame.room,
    position: toTuple(page.from),
    recovered,
    why,
    messages,
    members: list && list.members,
    last: membership.last,
    more: page.more,
  });
  let at: Position = page.from;
  let told = 0;
  for (const entry of page.entries) {
    // What a slow line could not take comes later, from the log.
    if (told > settings.buffer / 2) break;
    if (entry[0] - page.from.offset > messages.length)
      told += queueFrameAndMeasure(peer, { type: 'message', room: frame.room, entry });
    at = { epoch: page.epoch, offset: entry[0], tag: entry[1] };
  }
  if (list) services.slowReaders.list(membership, list.listing);
  if (typeof unshown === 'string') fail(peer, frame.room, 'rejected', unshown);
  else if (unshown) postpone(peer, frame.room, unshown);
  if (peer.outgoing.slow || (recovered && at.offset < page.top.offset))
    services.slowReaders.follow(membership, at);
  else hub.go(membership, at);
}

export function leave(frame: Extract<ClientFrame, { type: 'leave' }>, peer: Peer, services: Services): void {
  const membership = peer.memberships.get(frame.room);
  if (membership) services.depart(membership, 0);
  queueFrame(peer, { type: 'left', room: frame.room, code: null });
}
