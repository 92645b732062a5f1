// Own durable messages: taken in, given up, taken back, tried again. What is under way is in flight.ts.
import { isErrorCode } from '../../../protocol/codes.js';
import { attemptsOf } from '../model/connection-state.js';
import { keepCount } from '../model/context.js';
import type { Receipt } from '../model/effects.js';
import type { Outgoing } from '../model/events.js';
import { emptyQueue } from '../model/shared-queue.js';
import { roomOf, wanted } from '../room/room.js';
import type { Entry, Failure, Room } from '../model/state.js';
import { ask, edit, own, type Draft, type Turn } from '../model/draft.js';

/** Failed messages of a room that stay visible until somebody retries or discards them. */
const failedLimit = 100;
const inDoubt: Failure = { code: 'in-doubt', message: 'it left and was not acknowledged' };
export const clientClosed: Failure = { code: 'closed', message: 'the client is closed' };
const otherUser: Failure = { code: 'closed', message: 'another user is there now' };

/** A refusal of the server: a code that this version does not know is a rejection. */
export const failureOf = (code: string, message: string): Failure => ({
  code: isErrorCode(code) ? code : 'rejected',
  message,
});

/** What is larger than the server takes. */
export const tooLarge = (bytes: number, most: number): Failure => ({
  code: 'too-large',
  message: `about ${bytes} bytes, the server takes ${most}`,
});

/** Has not left: it may expire, be replaced or be taken back. */
export const isQueued = ({ left, failure }: Entry): boolean => !left && !failure;

export function settle(turn: Turn, { settled, id, replaces }: Entry, outcome: Receipt | Failure): void {
  if (!settled) ask(turn, { type: 'settle', ids: [id, ...replaces], outcome });
}

/** Puts an entry into a room, or in the place of the one with its id. */
export function set(turn: Turn, room: Room, entry: Entry): Map<string, Entry> {
  const draft = edit(turn, room);
  const entries = own(turn, draft.entries).set(entry.id, entry);
  draft.entries = entries;
  return entries;
}

/** Takes note of a number that will be in no log. */
function skip(turn: Turn, before: Room, seq: number | null): void {
  const room = edit(turn, before);
  if (seq !== null) room.gone = new Set([...room.gone, seq].slice(-keepCount));
}

/** Takes an entry out; where it failed, its promise is told. */
export function drop(turn: Turn, room: Room, entry: Entry, failure?: Failure): void {
  set(turn, room, entry).delete(entry.id);
  if (isQueued(entry)) skip(turn, room, entry.seq);
  if (failure) settle(turn, entry, failure);
}

/** Leaves an entry where it is, as one that failed. */
export function fail(turn: Turn, room: Room, entry: Entry, failure: Failure): void {
  settle(turn, entry, failure);
  skip(turn, room, entry.seq);
  const entries = set(turn, room, { ...entry, failure, settled: true });
  // Those in storage stay until somebody has seen to them: nobody may have been told of them yet.
  if (!turn.state.durable)
    for (const { id } of Array.from(entries.values())
      .filter((it) => it.failure)
      .slice(0, -failedLimit))
      entries.delete(id);
}

/** Gives up what has not left. Where no promise can tell, the outbox does. */
function giveAway(turn: Turn, room: Room, entry: Entry, failure: Failure): void {
  if (entry.settled) fail(turn, room, entry, failure);
  else drop(turn, room, entry, failure);
}

/** Messages and their bytes. */
interface Load {
  count: number;
  bytes: number;
}

const addTo = (load: Load, entry: Entry, times: 1 | -1): void => {
  load.count += times;
  load.bytes += entry.bytes * times;
};

const overflow = (message: string): Failure => ({ code: 'overflow', message });

/** Nothing gives way: never added to. */
const none: Load = { count: 0, bytes: 0 };
/** No message is replaced: the same for each send that has no key. */
const noEntries: readonly Entry[] = [];

/** The oldest of all rooms that is queued. */
function oldestQueued({ state }: Turn): readonly [Room, Entry] | null {
  let oldest: readonly [Room, Entry] | null = null;
  for (const room of state.rooms.values())
    for (const entry of room.entries.values())
      if (isQueued(entry) && entry.at < (oldest?.[1].at ?? Infinity)) oldest = [room, entry];
  return oldest;
}

/** The queued messages of a room that a message with this key replaces. */
const replacedBy = (room: Room | undefined, coalesce: string | null): readonly Entry[] =>
  coalesce === null || !room
    ? noEntries
    : Array.from(room.entries.values()).filter((old) => old.coalesce === coalesce && isQueued(old));

/**
 * Takes messages in, in order. Over the bounds, the policy decides which message gives way: the new one, or the oldest
 * that are queued. A message that does not fit although all of them gave way is refused, and none gives way to it.
 */
export function enqueue(
  turn: Turn,
  messages: readonly Outgoing[],
  barred: (room: string) => Failure | null,
): void {
  const {
    now,
    config: { outbox },
  } = turn;
  const all: Load = { count: 0, bytes: 0 };
  const queued: Load = { count: 0, bytes: 0 };
  for (const { entries } of turn.state.rooms.values())
    for (const entry of entries.values()) {
      if (!entry.failure) addTo(all, entry, 1);
      if (isQueued(entry)) addTo(queued, entry, 1);
    }
  /** A queued message gives way. */
  const leave = (old: Entry): void => {
    addTo(all, old, -1);
    addTo(queued, old, -1);
  };
  /** Whether a message fits once what `gone` counts is not there any more. */
  const fits = (entry: Entry, gone: Readonly<Load>): boolean =>
    all.count - gone.count < outbox.limit && all.bytes - gone.bytes + entry.bytes <= outbox.bytes;
  for (const {
    room: id,
    ttl,
    id: messageId,
    type,
    version,
    data,
    shown,
    bytes: size,
    coalesce,
  } of messages) {
    const expires = ttl ?? outbox.ttl;
    // Field by field: an object that is spread from the rest of another is a slow one, and every copy of it.
    const entry: Draft<Entry> = {
      id: messageId,
      type,
      version,
      data,
      shown,
      bytes: size,
      coalesce,
      at: now,
      expiresAt: expires === null ? null : now + expires,
      seq: null,
      sentOn: 0,
      left: false,
      saved: null,
      seen: false,
      settled: false,
      failure: null,
      replaces: [],
    };
    const replaced = replacedBy(turn.state.rooms.get(id), coalesce);
    const gone: Load = replaced.length > 0 ? { count: 0, bytes: 0 } : none;
    for (const old of replaced) addTo(gone, old, 1);
    const mayFit = fits(entry, gone) || (outbox.overflow === 'drop-oldest' && fits(entry, queued));
    const refused =
      barred(id) ??
      (mayFit ? null : overflow(`the outbox is full: ${all.count} messages, ${all.bytes} bytes`));
    if (refused) {
      settle(turn, entry, refused);
      continue;
    }
    const room = roomOf(turn, id);
    for (const old of replaced) {
      drop(turn, room, old);
      leave(old);
      // One that failed and was tried again was settled then.
      if (!old.settled) entry.replaces = [...entry.replaces, ...old.replaces, old.id];
    }
    while (!fits(entry, none)) {
      const oldest = oldestQueued(turn);
      if (!oldest) break;
      giveAway(turn, ...oldest, overflow('dropped: the outbox is full'));
      leave(oldest[1]);
    }
    addTo(all, entry, 1);
    addTo(queued, entry, 1);
    set(turn, room, entry);
  }
}

/** Waits because the server put it off: it has left before, and is not on its way. */
const isPutOff = ({ putOff, sentOn, failure }: Entry): boolean => !!putOff && !sentOn && !failure;

/** When the first message that waits to leave, or to leave again, expires. */
export function expiryOf({ entries }: Room): number {
  let next = Infinity;
  for (const entry of entries.values())
    if (entry.expiresAt !== null && entry.expiresAt < next && (isQueued(entry) || isPutOff(entry)))
      next = entry.expiresAt;
  return next;
}

/**
 * Whether the server may have forgotten a message by the time it comes again. It remembers the numbers of a
 * session for a day: a page that
 * is opened again after a weekend would send a message that arrived on Friday, and it would be taken for a
 * new one. What is in flight on a
 * connection that is there is answered there, however old it is.
 */
const isForgotten = ({ now, config, state }: Turn, { at, left, sentOn, failure }: Entry): boolean =>
  !failure &&
  (left || state.durable) &&
  now >= at + config.outbox.maxAge &&
  !attemptsOf(state.connection).includes(sentOn);

/** Expires what could not leave in time, and what waited for so long that it cannot be told from a new message any more. */
export function expire(turn: Turn, room: Room): void {
  for (const entry of room.entries.values()) {
    if (isForgotten(turn, entry))
      fail(turn, room, entry, { code: 'expired', message: 'it waited longer than outbox.maxAge' });
    else if ((entry.expiresAt ?? Infinity) > turn.now) continue;
    else if (isQueued(entry))
      giveAway(turn, room, entry, { code: 'expired', message: 'it could not leave within its ttl' });
    // An earlier connection of it, at another node, may still be at work on it.
    else if (isPutOff(entry)) fail(turn, room, entry, inDoubt);
  }
}

/** What the app takes back: only what has not left can be; a failed message is always forgotten. */
export function discard(turn: Turn, room: Room, entry: Entry): void {
  if (isQueued(entry) || entry.failure)
    drop(turn, room, entry, { code: 'aborted', message: 'taken back before it left' });
}

/** Sends a failed message again, as the newest of its room. */
export function retry(turn: Turn, room: Room, entry: Entry): void {
  if (!entry.failure) return;
  drop(turn, room, entry);
  // Whoever tries again has a reason to hope.
  if (room.phase.status === 'denied') edit(turn, room, { phase: wanted, error: null });
  set(turn, room, {
    ...entry,
    failure: null,
    seq: null,
    sentOn: 0,
    left: false,
    saved: null,
    expiresAt: null,
    at: turn.now,
  });
}

/** Nobody here may send in this room: what left is in doubt, what did not fails as the room did. */
export function refuseAll(turn: Turn, room: Room, failure: Failure): void {
  for (const entry of room.entries.values())
    if (!entry.failure) fail(turn, room, entry, isQueued(entry) ? failure : inDoubt);
}

/** The session ends, and its numbers with it: what left under them is in doubt, and what is still queued is given up too, or goes on under new ones. */
export function forsake(turn: Turn, before: Room, queuedToo: boolean, failure: Failure = otherUser): void {
  const room = edit(turn, before, { seq: 0, kept: emptyQueue(), base: 0, gone: new Set(), pausedUntil: 0 });
  for (const entry of room.entries.values()) {
    const queued = isQueued(entry);
    if (entry.failure) set(turn, room, { ...entry, seq: null, saved: null });
    // What is in storage may still be sent, by the client that finds it there.
    else if (!queued || queuedToo) drop(turn, room, entry, queued && !turn.state.durable ? failure : inDoubt);
  }
}
