// Own durable messages under way: numbered when they first leave, in order, a window at a time; acknowledged, refused, sent again. The acknowledged are held for a while.
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.js';
import { maxFlight, maxFlightBytes } from '../../../protocol/limits.js';
import { keepCount, keepTime, leastPause } from '../model/context.js';
import { drop, fail, failureOf, set, settle, tooLarge } from './queue.js';
import { emptyQueue, itemsOf, pushed, shortened } from '../model/shared-queue.js';
import { authorOf } from '../room/room.js';
import type { Entry, Kept, Message, Room } from '../model/state.js';
import { ask, edit, type Turn } from '../model/draft.js';

/** Lost numbers counted at once, whatever a record or a server claims. */
const mostCounted = 100_000;
/** No session has sent as many; those beyond are left for what it sends next. */
const lastSeq = 2 ** 52;

/** Nothing that was written counts as in flight. */
function rewind(turn: Turn, room: Room): void {
  for (const entry of room.entries.values()) if (entry.sentOn) set(turn, room, { ...entry, sentOn: 0 });
}

/**
 * The server has everything up to `last`. What was not acknowledged is written again, so that its receipt comes; what was acknowledged but lies above
 * `last` was lost by the log, and is written again too, as far as it is still held.
 */
export function rejoined(turn: Turn, before: Room, claimed: number): void {
  const { state } = turn;
  const last = Math.min(claimed, lastSeq);
  const room = edit(turn, before);
  rewind(turn, room);
  const again: Entry[] = [];
  let kept = emptyQueue<Kept>();
  for (const it of itemsOf(room.kept)) {
    if (it.seq <= last) kept = pushed(kept, it);
    else if (it.until > turn.now) again.push({ ...it.entry, sentOn: 0, seen: true, settled: true });
  }
  const held = Array.from(room.entries.values());
  const numbered = [...again, ...held]
    .filter(({ seq }) => seq !== null)
    .toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  const entries = [...numbered, ...held.filter(({ seq }) => seq === null)];
  room.entries = new Map(entries.map((entry) => [entry.id, entry]));
  room.kept = kept;
  room.seq = Math.max(room.seq, last);
  room.base = last;
  room.pausedUntil = 0;
  const waiting = entries.filter(({ failure }) => !failure);
  const lowest = waiting[0]?.seq ?? room.seq + 1;
  // Numbers that nobody holds any more, less those that were never acknowledged.
  const gone = Array.from(
    { length: Math.min(lowest - last - 1, mostCounted) },
    (_, index) => last + 1 + index,
  ).filter((seq) => !room.gone.has(seq));
  if (gone.length) {
    room.gone = new Set([...room.gone, ...gone].slice(-mostCounted));
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
      fail(turn, room, entry, tooLarge(entry.bytes, state.limits.frame));
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
      frames.push({
        type: 'send',
        room: room.id,
        seq: number,
        id: entry.id,
        message: entry.type,
        version: entry.version,
        data: entry.data,
        follows,
        replayed: entry.left,
      });
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

/** The message of this number that is in flight. Acknowledgements come in order: it is one of the first. */
function numbered({ entries }: Room, number: number): Entry | null {
  for (const entry of entries.values())
    if (entry.seq === number && entry.sentOn && !entry.failure) return entry;
  return null;
}

/**
 * Receipts: promises resolve, and the messages are held for a while longer. One that the log has not shown yet stays in the lists meanwhile, as an echo.
 */
export function acknowledge(
  turn: Turn,
  before: Room,
  { epoch, receipts }: Extract<ServerFrame, { type: 'ack' }>,
): void {
  const {
    now,
    state: { self },
  } = turn;
  const room = edit(turn, before);
  const sender = self && authorOf(room.members, [self.member, self.user], room.shown);
  const echoes: Message[] = [];
  for (const [seq, place, timestamp, duplicate, result, tag] of receipts) {
    const entry = numbered(room, seq);
    if (!entry) continue;
    const { id, type, shown: data, seen } = entry;
    const offset = place ?? null;
    room.base = Math.max(room.base, seq);
    settle(turn, entry, {
      id,
      epoch,
      offset,
      timestamp,
      duplicate,
      ...(result !== undefined && result !== null && { result }),
      ...(tag && { tag }),
    });
    drop(turn, room, entry);
    room.kept = shortened(
      pushed(room.kept, { seq, entry, until: now + keepTime }),
      ({ until }, size) => until <= now || size > keepCount,
    );
    if (!seen && offset !== null && offset > (room.position?.offset ?? 0))
      echoes.push({ id, room: room.id, type, data, offset, timestamp, sender, status: 'sent' });
    advance(turn);
  }
  if (echoes.length) room.echoes = [...room.echoes, ...echoes].slice(-keepCount);
}

/** A message was not taken: for now, or for good. */
export function refuse(
  turn: Turn,
  room: Room,
  { seq, code, after, reason, details }: Extract<ServerFrame, { type: 'nack' }>,
): void {
  const entry = numbered(room, seq);
  if (!entry) return;
  const gap = code === 'gap';
  if (gap || code === 'limited' || code === 'unavailable' || code === 'not-joined') {
    if (gap) rejoined(turn, room, after ?? 0);
    else {
      rewind(turn, room);
      const attempts = (entry.putOff?.attempts ?? 0) + 1;
      // Without a membership the server has not looked at the message.
      if (code !== 'not-joined')
        set(turn, room, { ...entry, sentOn: 0, putOff: { attempts, why: failureOf(code, reason ?? code) } });
    }
    edit(turn, room).pausedUntil = turn.now + Math.max(leastPause, gap ? 0 : (after ?? 1_000));
  } else {
    edit(turn, room).base = Math.max(room.base, seq);
    fail(turn, room, entry, { ...failureOf(code, reason ?? code), ...(details !== null && { details }) });
    advance(turn);
  }
}
