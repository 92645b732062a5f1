// Own durable messages: queued, in flight, settled. Numbered when they first leave; the acknowledged are held for a while.
import { isErrorCode } from '../../protocol/codes.js';
import type { ClientFrame, ServerFrame } from '../../protocol/frames.js';
import { keepCount, keepTime } from './context.js';
import type { Receipt } from './effects.js';
import type { Outgoing } from './events.js';
import { roomOf } from './room.js';
import type { Entry, Failure, Message, Progress, Room } from './state.js';
import { ask, change, own, setRoom, type Turn } from './turn.js';

/** Failed messages of a room that stay visible until somebody retries or discards them. */
const failedLimit = 100;
const inDoubt: Failure = { code: 'in-doubt', message: 'it left and was not acknowledged' };
export const clientClosed: Failure = { code: 'closed', message: 'the client is closed' };

/** Has not left: it may expire, be replaced or be taken back. */
const isQueued = ({ seq, failure }: Entry): boolean => seq === null && !failure;

function settle(turn: Turn, { settled, id, replaces }: Entry, outcome: Receipt | Failure): void {
  if (!settled) ask(turn, { type: 'settle', ids: [id, ...replaces], outcome });
}

/** Takes an entry out; where it failed, its promise is told. */
function drop(turn: Turn, room: Room, entry: Entry, failure?: Failure): Room {
  const entries = own(turn, room.entries);
  entries.delete(entry.id);
  if (failure) settle(turn, entry, failure);
  return setRoom(turn, room, { entries });
}

/** Leaves an entry where it is, as one that failed. */
function fail(turn: Turn, room: Room, entry: Entry, failure: Failure): Room {
  settle(turn, entry, failure);
  const entries = own(turn, room.entries).set(entry.id, { ...entry, failure, settled: true });
  const failed = Array.from(entries.values()).filter((it) => it.failure);
  for (const { id } of failed.slice(0, -failedLimit)) entries.delete(id);
  return setRoom(turn, room, { entries });
}

function oldestQueued({ state }: Turn): readonly [Room, Entry] | null {
  for (const room of state.rooms.values()) for (const entry of room.entries.values()) if (isQueued(entry)) return [room, entry];
  return null;
}

/** Takes messages in, in order. Over the bounds, the policy decides who is refused: the new one, or the oldest that has not left. */
export function enqueue(turn: Turn, messages: readonly Outgoing[], barred: (room: string) => Failure | null): void {
  const { now, state, config: { outbox } } = turn;
  let count = 0;
  let bytes = 0;
  const add = (entry: { readonly bytes: number }, times: 1 | -1): void => {
    count += times;
    bytes += entry.bytes * times;
  };
  for (const { entries } of state.rooms.values()) for (const entry of entries.values()) add(entry, 1);
  for (const { room: id, ttl, ...message } of messages) {
    const expires = ttl ?? outbox.ttl;
    let entry: Entry = { ...message, at: now, expiresAt: expires === null ? null : now + expires, seq: null, sentOn: 0, seen: false, settled: false, failure: null, replaces: [] };
    let refused = barred(id);
    if (!refused && entry.coalesce !== null) {
      for (const old of roomOf(turn, id).entries.values()) {
        if (old.coalesce !== entry.coalesce || !isQueued(old)) continue;
        drop(turn, roomOf(turn, id), old);
        add(old, -1);
        entry = { ...entry, replaces: [...old.replaces, old.id] };
      }
    }
    add(entry, 1);
    while (!refused && (count > outbox.limit || bytes > outbox.bytes)) {
      const oldest = outbox.overflow === 'drop-oldest' ? oldestQueued(turn) : null;
      if (oldest) {
        drop(turn, ...oldest, { code: 'overflow', message: 'dropped: the outbox is full' });
        add(oldest[1], -1);
      } else refused = { code: 'overflow', message: `the outbox is full: ${count - 1} messages, ${bytes - entry.bytes} bytes` };
    }
    if (refused) {
      settle(turn, entry, refused);
      add(entry, -1);
    } else {
      const room = roomOf(turn, id);
      setRoom(turn, room, { entries: own(turn, room.entries).set(entry.id, entry) });
    }
  }
}

/** When the first message that waits to leave expires. */
export function expiryOf({ entries }: Room): number {
  let next = Infinity;
  for (const entry of entries.values()) if (entry.expiresAt !== null && entry.expiresAt < next && isQueued(entry)) next = entry.expiresAt;
  return next;
}

/** Expires what could not leave in time. */
export function expire(turn: Turn, room: Room): Room {
  let next = room;
  if (expiryOf(room) > turn.now) return room;
  for (const entry of room.entries.values()) {
    if (entry.expiresAt !== null && entry.expiresAt <= turn.now && isQueued(entry)) next = drop(turn, next, entry, { code: 'expired', message: 'it could not leave within its ttl' });
  }
  return next;
}

/** What the app takes back: only what has not left can be; a failed message is always forgotten. */
export function discard(turn: Turn, room: Room, entry: Entry): void {
  if (isQueued(entry) || entry.failure) drop(turn, room, entry, { code: 'aborted', message: 'taken back before it left' });
}

/** Sends a failed message again, as the newest of its room. */
export function retry(turn: Turn, room: Room, entry: Entry): void {
  if (!entry.failure) return;
  const { entries } = drop(turn, room, entry);
  setRoom(turn, room, { entries: own(turn, entries).set(entry.id, { ...entry, failure: null, seq: null, sentOn: 0, expiresAt: null, at: turn.now }) });
}

/** Nothing that was written counts as in flight. */
function rewound(turn: Turn, room: Room): Room {
  const entries = own(turn, room.entries);
  for (const [id, entry] of entries) if (entry.sentOn) entries.set(id, { ...entry, sentOn: 0 });
  return setRoom(turn, room, { entries });
}

/**
 * The server has everything up to `last`. What was not acknowledged is written again, so that its receipt comes; what was acknowledged but lies above
 * `last` was lost by the log, and is written again too, as far as it is still held.
 */
export function rejoined(turn: Turn, before: Room, last: number): void {
  const room = rewound(turn, before);
  const kept = own(turn, room.kept);
  const again: Entry[] = [];
  for (const [seq, { entry }] of kept) {
    if (seq > last && kept.delete(seq)) again.push({ ...entry, sentOn: 0, seen: true, settled: true });
  }
  const held = Array.from(room.entries.values());
  const numbered = [...again, ...held].filter(({ seq }) => seq !== null).toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  const entries = [...numbered, ...held.filter(({ seq }) => seq === null)];
  const top = Math.max(room.seq, last);
  let lowest = top + 1;
  let backlog = 0;
  for (const { seq, failure } of entries) {
    if (failure) continue;
    backlog++;
    if (seq !== null && seq < lowest) lowest = seq;
  }
  // Numbers that nobody holds any more, less those that were never acknowledged.
  const missing = lowest - last - 1;
  const failed = entries.filter(({ seq, failure }) => failure && seq !== null && seq > last && seq < lowest).length;
  if (missing > failed) ask(turn, { type: 'acked-lost', room: room.id, count: missing - failed });
  setRoom(turn, room, { entries: new Map(entries.map((entry) => [entry.id, entry])), kept, seq: top, restart: missing > 0, pausedUntil: 0 });
  const { done, total } = turn.state.progress ?? { done: 0, total: 0 };
  if (backlog > 1) change(turn, { progress: { done, total: total + backlog } });
}

/** Adds the messages that a room may write now: those due, in order, while fewer than `window` are in flight. */
export function due(turn: Turn, before: Room, attempt: number, frames: ClientFrame[]): void {
  const { now, config, state } = turn;
  if (now < before.pausedUntil) return;
  const window = Math.min(config.outbox.window, state.limits.window);
  const room = before.pausedUntil ? setRoom(turn, before, { pausedUntil: 0 }) : before;
  let { seq, restart, entries } = room;
  let flying = 0;
  let previous = 0;
  for (const entry of room.entries.values()) {
    if (entry.failure) continue;
    if (++flying > window) break;
    const number = entry.seq ?? ++seq;
    if (entry.sentOn !== attempt) {
      // A number between was refused, and the server forgot the refusal: it cannot be had again.
      restart ||= previous !== 0 && number !== previous + 1;
      frames.push({ type: 'send', room: room.id, seq: number, id: entry.id, message: entry.type, version: entry.version, data: entry.data, restart: restart || null });
      restart = false;
      entries = own(turn, entries).set(entry.id, { ...entry, seq: number, sentOn: attempt });
    }
    previous = number;
  }
  if (entries !== room.entries) setRoom(turn, room, { entries, seq, restart });
}

function advance(turn: Turn): void {
  const { progress } = turn.state;
  if (!progress) return;
  const next: Progress = { done: progress.done + 1, total: progress.total };
  change(turn, { progress: next.done < next.total ? next : null });
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
  let room = before;
  for (const [seq, place, timestamp, duplicate, result] of receipts) {
    const entry = numbered(room, seq);
    if (!entry) continue;
    const offset = place ?? null;
    settle(turn, entry, { id: entry.id, epoch, offset, timestamp, duplicate, ...(result === undefined || result === null ? {} : { result }) });
    const kept = own(turn, room.kept).set(seq, { entry, until: now + keepTime });
    for (const [old, { until }] of kept) {
      if (until > now && kept.size <= keepCount) break;
      kept.delete(old);
    }
    const isEcho = !entry.seen && offset !== null && offset > (room.position?.offset ?? 0);
    const sender = self && (room.members.get(self.member) ?? { id: self.member, user: self.user, presence: room.mine });
    const echo: Message = { id: entry.id, room: room.id, type: entry.type, data: entry.shown, offset, timestamp, sender, status: 'sent' };
    room = setRoom(turn, drop(turn, room, entry), { kept, ...(isEcho && { echoes: [...room.echoes, echo] }) });
    advance(turn);
  }
}

/** A message was not taken: for now, or for good. */
export function refuse(turn: Turn, room: Room, { seq, code, after, reason, details }: Extract<ServerFrame, { type: 'nack' }>): void {
  const entry = numbered(room, seq);
  if (code === 'gap') rejoined(turn, room, after ?? 0);
  else if (!entry) return;
  else if (code === 'limited' || code === 'unavailable' || code === 'not-joined') setRoom(turn, rewound(turn, room), { pausedUntil: turn.now + (after ?? 1_000) });
  else {
    fail(turn, room, entry, { code: isErrorCode(code) ? code : 'rejected', message: reason ?? code, ...(details !== null && { details }) });
    advance(turn);
  }
}

/** Nobody here may send in this room: what left is in doubt, what did not fails as the room did. */
export function refuseAll(turn: Turn, before: Room, failure: Failure): Room {
  let room = before;
  for (const entry of before.entries.values()) if (!entry.failure) room = fail(turn, room, entry, isQueued(entry) ? failure : inDoubt);
  return room;
}

/** What is unsettled is given up: all of it, or only what left. */
export function forsake(turn: Turn, before: Room, onlyLeft: boolean): void {
  let room = before;
  for (const entry of before.entries.values()) {
    if (!entry.failure && (!onlyLeft || !isQueued(entry))) room = drop(turn, room, entry, isQueued(entry) ? clientClosed : inDoubt);
  }
  if (onlyLeft) setRoom(turn, room, { seq: 0, kept: new Map(), restart: false, pausedUntil: 0 });
}
