// Own durable messages: queued, in flight, settled. Numbered when they first leave; the acknowledged are held for a while.
import { isErrorCode } from '../../protocol/codes.js';
import type { ClientFrame, ServerFrame } from '../../protocol/frames.js';
import { maxFlight, maxFlightBytes } from '../../protocol/limits.js';
import { keepCount, keepTime } from './context.js';
import type { Receipt } from './effects.js';
import type { Outgoing } from './events.js';
import { roomOf } from './room.js';
import type { Entry, Failure, Room } from './state.js';
import { ask, edit, own, type Draft, type Turn } from './turn.js';

/** Failed messages of a room that stay visible until somebody retries or discards them. */
const failedLimit = 100;
/** Lost numbers counted at once, whatever a record or a server claims. */
const mostCounted = 100_000;
const inDoubt: Failure = { code: 'in-doubt', message: 'it left and was not acknowledged' };
export const clientClosed: Failure = { code: 'closed', message: 'the client is closed' };
const otherUser: Failure = { code: 'closed', message: 'another user is there now' };

/** A refusal of the server: a code that this version does not know is a rejection. */
export const failureOf = (code: string, message: string): Failure => ({ code: isErrorCode(code) ? code : 'rejected', message });

/** Has not left: it may expire, be replaced or be taken back. */
export const isQueued = ({ left, failure }: Entry): boolean => !left && !failure;

function settle(turn: Turn, { settled, id, replaces }: Entry, outcome: Receipt | Failure): void {
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
function drop(turn: Turn, room: Room, entry: Entry, failure?: Failure): void {
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
  if (!turn.state.durable) for (const { id } of Array.from(entries.values()).filter((it) => it.failure).slice(0, -failedLimit)) entries.delete(id);
}

/** Gives up what has not left. Where no promise can tell, the outbox does. */
function giveAway(turn: Turn, room: Room, entry: Entry, failure: Failure): void {
  if (entry.settled) fail(turn, room, entry, failure);
  else drop(turn, room, entry, failure);
}

function oldestQueued({ state }: Turn): readonly [Room, Entry] | null {
  let oldest: readonly [Room, Entry] | null = null;
  for (const room of state.rooms.values()) for (const entry of room.entries.values()) if (isQueued(entry) && entry.at < (oldest?.[1].at ?? Infinity)) oldest = [room, entry];
  return oldest;
}

/** Takes messages in, in order. Over the bounds, the policy decides who is refused: the new one, or the oldest that has not left. */
export function enqueue(turn: Turn, messages: readonly Outgoing[], barred: (room: string) => Failure | null): void {
  const { now, state, config: { outbox } } = turn;
  let count = 0;
  let bytes = 0;
  const add = (entry: Entry, times: 1 | -1): void => {
    count += times;
    bytes += entry.bytes * times;
  };
  for (const { entries } of state.rooms.values()) for (const entry of entries.values()) if (!entry.failure) add(entry, 1);
  for (const { room: id, ttl, ...message } of messages) {
    const expires = ttl ?? outbox.ttl;
    const entry: Draft<Entry> = { ...message, at: now, expiresAt: expires === null ? null : now + expires, seq: null, sentOn: 0, left: false, saved: null, seen: false, settled: false, failure: null, replaces: [] };
    let refused = barred(id);
    if (!refused && entry.coalesce !== null) {
      const room = roomOf(turn, id);
      for (const old of room.entries.values()) {
        if (old.coalesce !== entry.coalesce || !isQueued(old)) continue;
        drop(turn, room, old);
        add(old, -1);
        // One that failed and was tried again was settled then.
        if (!old.settled) entry.replaces = [...entry.replaces, ...old.replaces, old.id];
      }
    }
    add(entry, 1);
    while (!refused && (count > outbox.limit || bytes > outbox.bytes)) {
      const oldest = outbox.overflow === 'drop-oldest' ? oldestQueued(turn) : null;
      if (oldest) {
        giveAway(turn, ...oldest, { code: 'overflow', message: 'dropped: the outbox is full' });
        add(oldest[1], -1);
      } else refused = { code: 'overflow', message: `the outbox is full: ${count - 1} messages, ${bytes - entry.bytes} bytes` };
    }
    if (refused) {
      settle(turn, entry, refused);
      add(entry, -1);
    } else set(turn, roomOf(turn, id), entry);
  }
}

/** When the first message that waits to leave expires. */
export function expiryOf({ entries }: Room): number {
  let next = Infinity;
  for (const entry of entries.values()) if (entry.expiresAt !== null && entry.expiresAt < next && isQueued(entry)) next = entry.expiresAt;
  return next;
}

/** Expires what could not leave in time. */
export function expire(turn: Turn, room: Room): void {
  for (const entry of room.entries.values()) {
    if ((entry.expiresAt ?? Infinity) <= turn.now && isQueued(entry)) giveAway(turn, room, entry, { code: 'expired', message: 'it could not leave within its ttl' });
  }
}

/** What the app takes back: only what has not left can be; a failed message is always forgotten. */
export function discard(turn: Turn, room: Room, entry: Entry): void {
  if (isQueued(entry) || entry.failure) drop(turn, room, entry, { code: 'aborted', message: 'taken back before it left' });
}

/** Sends a failed message again, as the newest of its room. */
export function retry(turn: Turn, room: Room, entry: Entry): void {
  if (!entry.failure) return;
  drop(turn, room, entry);
  // Whoever tries again has a reason to hope.
  if (room.phase.status === 'denied') edit(turn, room, { phase: { status: 'wanted', at: 0 }, error: null });
  set(turn, room, { ...entry, failure: null, seq: null, sentOn: 0, left: false, saved: null, expiresAt: null, at: turn.now });
}

/** Nothing that was written counts as in flight. */
function rewind(turn: Turn, room: Room): void {
  for (const entry of room.entries.values()) if (entry.sentOn) set(turn, room, { ...entry, sentOn: 0 });
}

/**
 * The server has everything up to `last`. What was not acknowledged is written again, so that its receipt comes; what was acknowledged but lies above
 * `last` was lost by the log, and is written again too, as far as it is still held.
 */
export function rejoined(turn: Turn, before: Room, last: number): void {
  const { state } = turn;
  const room = edit(turn, before);
  rewind(turn, room);
  const kept = own(turn, room.kept);
  const again: Entry[] = [];
  for (const [seq, { entry, until }] of kept) if (seq > last && kept.delete(seq) && until > turn.now) again.push({ ...entry, sentOn: 0, seen: true, settled: true });
  const held = Array.from(room.entries.values());
  const numbered = [...again, ...held].filter(({ seq }) => seq !== null).toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  const entries = [...numbered, ...held.filter(({ seq }) => seq === null)];
  room.entries = new Map(entries.map((entry) => [entry.id, entry]));
  room.kept = kept;
  room.seq = Math.max(room.seq, last);
  room.base = last;
  room.pausedUntil = 0;
  const waiting = entries.filter(({ failure }) => !failure);
  const lowest = waiting[0]?.seq ?? room.seq + 1;
  // Numbers that nobody holds any more, less those that were never acknowledged.
  const gone = Array.from({ length: Math.min(lowest - last - 1, mostCounted) }, (_, index) => last + 1 + index).filter((seq) => !room.gone.has(seq));
  if (gone.length) {
    room.gone = new Set([...room.gone, ...gone]);
    ask(turn, { type: 'acked-lost', room: room.id, count: gone.length });
  }
  const { done, total } = state.progress ?? { done: 0, total: 0 };
  if (waiting.length > 1) state.progress = { done, total: total + waiting.length };
}

/** What a connection has unacknowledged, all rooms together. */
export interface Flight {
  count: number;
  bytes: number;
}

export function flightOf({ state }: Turn, attempt: number): Flight {
  const flight: Flight = { count: 0, bytes: 0 };
  for (const { entries } of state.rooms.values()) {
    for (const { failure, sentOn, bytes } of entries.values()) {
      if (failure) continue;
      // What is in flight comes before what is not.
      if (sentOn !== attempt) break;
      flight.count++;
      flight.bytes += bytes;
    }
  }
  return flight;
}

/** Adds the messages that a room may write now: those due, in order, while fewer than `window` are in flight, and no more of all rooms than `flight` allows. */
export function due(turn: Turn, room: Room, attempt: number, flight: Flight, frames: ClientFrame[]): void {
  const { now, config, state } = turn;
  if (now < room.pausedUntil) return;
  if (room.pausedUntil) edit(turn, room).pausedUntil = 0;
  let { seq, base } = room;
  let flying = 0;
  let unsaved = false;
  for (const entry of room.entries.values()) {
    if (entry.failure) continue;
    if (entry.bytes > state.limits.frame) {
      fail(turn, room, entry, { code: 'too-large', message: `about ${entry.bytes} bytes, the server takes ${state.limits.frame}` });
      continue;
    }
    if (++flying > Math.min(config.outbox.window, state.limits.window)) break;
    const number = entry.seq ?? ++seq;
    if (entry.sentOn !== attempt) {
      if (flight.count && (flight.count >= maxFlight || flight.bytes + entry.bytes > maxFlightBytes)) break;
      flight.count++;
      flight.bytes += entry.bytes;
      unsaved ||= state.durable && entry.saved !== number;
      if (unsaved) {
        // Its number is given, so that its record can be written; it leaves, and what comes after it, once the record is there.
        if (entry.seq === null) {
          set(turn, room, { ...entry, seq });
          edit(turn, room).seq = seq;
        }
        continue;
      }
      // Numbers between were refused, or lost with the log: they cannot be had again.
      const follows = base < number - 1 ? base : null;
      frames.push({ type: 'send', room: room.id, seq: number, id: entry.id, message: entry.type, version: entry.version, data: entry.data, follows });
      set(turn, room, { ...entry, seq: number, sentOn: attempt, left: true });
      edit(turn, room).seq = seq;
    }
    base = Math.max(base, number);
  }
}

function advance({ state }: Turn): void {
  const { progress } = state;
  if (progress) state.progress = { ...progress, done: progress.done + 1 };
}

/** Acknowledgements come in order: it is one of the first. */
function numbered({ entries }: Room, number: number): Entry | null {
  for (const entry of entries.values()) if (entry.seq === number && !entry.failure) return entry;
  return null;
}

/**
 * Receipts: promises resolve, and the messages are held for a while longer. One that the log has not shown yet stays in the lists meanwhile, as an echo.
 */
export function acknowledge(turn: Turn, before: Room, { epoch, receipts }: Extract<ServerFrame, { type: 'ack' }>): void {
  const { now, state: { self } } = turn;
  for (const [seq, place, timestamp, duplicate, result] of receipts) {
    const entry = numbered(turn.state.rooms.get(before.id) as Room, seq);
    if (!entry) continue;
    const { id, type, shown: data, seen } = entry;
    const room = edit(turn, before);
    const offset = place ?? null;
    room.base = Math.max(room.base, seq);
    settle(turn, entry, { id, epoch, offset, timestamp, duplicate, ...(result !== undefined && result !== null && { result }) });
    drop(turn, room, entry);
    const kept = own(turn, room.kept).set(seq, { entry, until: now + keepTime });
    for (const [old, { until }] of kept) {
      if (until > now && kept.size <= keepCount) break;
      kept.delete(old);
    }
    room.kept = kept;
    if (!seen && offset !== null && offset > (room.position?.offset ?? 0)) {
      const sender = self && (room.members.get(self.member) ?? { id: self.member, user: self.user, presence: room.mine });
      room.echoes = [...room.echoes, { id, room: room.id, type, data, offset, timestamp, sender, status: 'sent' }];
    }
    advance(turn);
  }
}

/** A message was not taken: for now, or for good. */
export function refuse(turn: Turn, room: Room, { seq, code, after, reason, details }: Extract<ServerFrame, { type: 'nack' }>): void {
  const entry = numbered(room, seq);
  if (code === 'gap') rejoined(turn, room, after ?? 0);
  else if (!entry) return;
  else if (code === 'limited' || code === 'unavailable' || code === 'not-joined') {
    rewind(turn, room);
    edit(turn, room).pausedUntil = turn.now + (after ?? 1_000);
  } else {
    edit(turn, room).base = Math.max(room.base, seq);
    fail(turn, room, entry, { ...failureOf(code, reason ?? code), ...(details !== null && { details }) });
    advance(turn);
  }
}

/** Nobody here may send in this room: what left is in doubt, what did not fails as the room did. */
export function refuseAll(turn: Turn, room: Room, failure: Failure): void {
  for (const entry of room.entries.values()) if (!entry.failure) fail(turn, room, entry, isQueued(entry) ? failure : inDoubt);
}

/** The session ends, and its numbers with it: what left under them is in doubt, and what is still queued is given up too, or goes on under new ones. */
export function forsake(turn: Turn, before: Room, queuedToo: boolean, failure: Failure = otherUser): void {
  const room = edit(turn, before, { seq: 0, kept: new Map(), base: 0, gone: new Set(), pausedUntil: 0 });
  for (const entry of room.entries.values()) {
    const queued = isQueued(entry);
    if (entry.failure) set(turn, room, { ...entry, seq: null, saved: null });
    // What is in storage may still be sent, by the client that finds it there.
    else if (!queued || queuedToo) drop(turn, room, entry, queued && !turn.state.durable ? failure : inDoubt);
  }
}
