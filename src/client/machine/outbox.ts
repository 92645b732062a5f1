// Own durable messages: queued, in flight, settled. Numbers them when they first leave, holds the acknowledged for a while, goes back where the server asks.
import type { ClientFrame, ReceiptTuple, ServerFrame } from '../../protocol/frames.js';
import { isErrorCode } from '../../protocol/codes.js';
import { keepCount, keepTime, type Context } from './context.js';
import type { Effect } from './effects.js';
import type { Outgoing } from './events.js';
import type { Entry, Failure, Kept, Outbox, RoomOutbox } from './state.js';

export const emptyRoomOutbox: RoomOutbox = { entries: new Map(), seq: 0, kept: [], pausedUntil: 0, restart: false };

const inDoubt: Failure = { code: 'in-doubt', message: 'it was sent, but not acknowledged' };

/** Failed messages that stay visible until somebody retries or discards them. */
const failedLimit = 100;

type Change = readonly [Outbox, readonly Effect[]];

const outboxOf = (outbox: Outbox, room: string): RoomOutbox => outbox.rooms.get(room) ?? emptyRoomOutbox;

function withRoom(outbox: Outbox, room: string, next: RoomOutbox): Outbox {
  return outbox.rooms.get(room) === next ? outbox : { ...outbox, rooms: new Map(outbox.rooms).set(room, next) };
}

const isQueued = (entry: Entry): boolean => entry.sentOn === 0 && entry.seq === null && entry.failure === null;
/** Whether anything waits to be settled. */
export const isBusy = (room: RoomOutbox | undefined): boolean => {
  if (room) for (const entry of room.entries.values()) if (!entry.failure) return true;
  return false;
};

const settle = (entry: Entry, outcome: Extract<Effect, { type: 'settle' }>['outcome']): readonly Effect[] =>
  entry.settled ? [] : [{ type: 'settle', ids: [entry.id, ...entry.replaces], outcome }];

/** Takes messages in, in order. Over the bounds, the policy decides who is refused: the new one, or the oldest that has not left. */
export function enqueue(outbox: Outbox, messages: readonly Outgoing[], { now, config }: Context): Change {
  const effects: Effect[] = [];
  const rooms = new Map(outbox.rooms);
  const open = new Map<string, Map<string, Entry>>();
  const entriesOf = (room: string): Map<string, Entry> => {
    let entries = open.get(room);
    if (!entries) open.set(room, (entries = new Map(rooms.get(room)?.entries)));
    return entries;
  };
  let { count, bytes, nextExpiry } = outbox;
  const remove = (entries: Map<string, Entry>, entry: Entry): void => {
    entries.delete(entry.id);
    count--;
    bytes -= entry.bytes;
  };
  const dropOldest = (): boolean => {
    for (const room of new Set([...rooms.keys(), ...open.keys()])) {
      const entries = entriesOf(room);
      for (const entry of entries.values()) {
        if (!isQueued(entry)) continue;
        remove(entries, entry);
        effects.push(...settle(entry, { code: 'overflow', message: 'dropped: the outbox is full and drops the oldest' }));
        return true;
      }
    }
    return false;
  };
  for (const message of messages) {
    const entries = entriesOf(message.room);
    let replaces: readonly string[] = [];
    if (message.coalesce !== null) {
      for (const entry of entries.values()) {
        if (entry.coalesce !== message.coalesce || !isQueued(entry)) continue;
        remove(entries, entry);
        replaces = [...entry.replaces, entry.id];
      }
    }
    let fits = true;
    while (fits && (count >= config.outbox.limit || bytes + message.bytes > config.outbox.bytes)) fits = config.outbox.overflow === 'drop-oldest' && dropOldest();
    if (!fits) {
      effects.push({ type: 'settle', ids: [message.id, ...replaces], outcome: { code: 'overflow', message: `the outbox is full: ${count} messages, ${bytes} bytes` } });
      continue;
    }
    const ttl = message.ttl ?? config.outbox.ttl;
    const expiresAt = ttl === null ? null : now + ttl;
    if (expiresAt !== null) nextExpiry = Math.min(nextExpiry, expiresAt);
    entries.set(message.id, {
      id: message.id, type: message.type, version: message.version, data: message.data, shown: message.shown, bytes: message.bytes, coalesce: message.coalesce,
      at: now, expiresAt, seq: null, sentOn: 0, seen: false, settled: false, failure: null, replaces,
    });
    count++;
    bytes += message.bytes;
  }
  for (const [room, entries] of open) rooms.set(room, { ...(rooms.get(room) ?? emptyRoomOutbox), entries });
  return [{ ...outbox, rooms, count, bytes, nextExpiry }, effects];
}

/** Takes one message out, its promise settled by `failure`. */
function dropped(outbox: Outbox, room: string, entry: Entry, failure: Failure): Change {
  const own = outboxOf(outbox, room);
  const entries = new Map(own.entries);
  entries.delete(entry.id);
  const left = { ...withRoom(outbox, room, { ...own, entries }), count: outbox.count - 1, bytes: outbox.bytes - entry.bytes };
  return [left, settle(entry, failure)];
}

/** Expires what never left and is past its time. */
export function expire(outbox: Outbox, now: number): Change {
  if (now < outbox.nextExpiry) return [outbox, []];
  let next = outbox;
  const effects: Effect[] = [];
  let nextExpiry = Infinity;
  for (const [room, { entries }] of outbox.rooms) {
    for (const entry of entries.values()) {
      if (entry.expiresAt === null || !isQueued(entry)) continue;
      if (entry.expiresAt > now) nextExpiry = Math.min(nextExpiry, entry.expiresAt);
      else {
        const [without, settled] = dropped(next, room, entry, { code: 'expired', message: 'its time to live passed before it could leave' });
        next = without;
        effects.push(...settled);
      }
    }
  }
  return [{ ...next, nextExpiry }, effects];
}

/** What the app takes back: only what has not left can be; a failed message is always forgotten. */
export function discard(outbox: Outbox, room: string, id: string): Change {
  const entry = outboxOf(outbox, room).entries.get(id);
  if (!entry || (!isQueued(entry) && !entry.failure)) return [outbox, []];
  return dropped(outbox, room, entry, { code: 'aborted', message: 'taken back before it left' });
}

/** Sends a failed message again, as the newest of its room. */
export function retry(outbox: Outbox, room: string, id: string, now: number): Outbox {
  const own = outboxOf(outbox, room);
  const entry = own.entries.get(id);
  if (!entry?.failure) return outbox;
  const entries = new Map(own.entries);
  entries.delete(id);
  entries.set(id, { ...entry, failure: null, seq: null, sentOn: 0, expiresAt: null, at: now });
  return withRoom(outbox, room, { ...own, entries });
}

/** Nothing that was written on an earlier connection counts as in flight. */
function rewound(own: RoomOutbox): RoomOutbox {
  const entries = new Map(own.entries);
  for (const [id, entry] of entries) if (entry.sentOn !== 0) entries.set(id, { ...entry, sentOn: 0 });
  return { ...own, entries };
}

/**
 * The room is joined and the server has everything up to `last`. What was not acknowledged is written again, so that its receipt comes; what was
 * acknowledged but lies above `last` was lost by the log, and is written again too, as far as it is still held.
 */
export function rejoined(outbox: Outbox, room: string, last: number): Change {
  const own = outboxOf(outbox, room);
  if (own === emptyRoomOutbox && last === 0) return [outbox, []];
  let next = rewound(own);
  if (last > next.seq) next = { ...next, seq: last };
  const lost = next.kept.filter(({ entry }) => (entry.seq ?? 0) > last);
  if (lost.length) {
    const again = lost.map(({ entry }): Entry => ({ ...entry, sentOn: 0, seen: true, settled: true }));
    const held = Array.from(next.entries.values());
    const numbered = [...again, ...held.filter(({ seq }) => seq !== null)].toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
    const entries = new Map([...numbered, ...held.filter(({ seq }) => seq === null)].map((entry) => [entry.id, entry]));
    next = { ...next, entries, kept: next.kept.filter((it) => !lost.includes(it)) };
  }
  let lowest = next.seq + 1;
  for (const { seq, failure } of next.entries.values()) if (seq !== null && failure === null) lowest = Math.min(lowest, seq);
  const missing = lowest - last - 1;
  let acked = missing;
  for (const { seq, failure } of next.entries.values()) if (seq !== null && failure !== null && seq > last && seq < lowest) acked--;
  const backlog = Array.from(next.entries.values()).filter((entry) => !entry.failure).length;
  const bytes = lost.reduce((sum, { entry }) => sum + entry.bytes, 0);
  const before = outbox.progress ?? { done: 0, total: 0 };
  const progress = backlog > 1 ? { done: before.done, total: before.total + backlog } : outbox.progress;
  return [
    { ...withRoom(outbox, room, { ...next, restart: missing > 0, pausedUntil: 0 }), count: outbox.count + lost.length, bytes: outbox.bytes + bytes, progress },
    acked > 0 ? [{ type: 'acked-lost', room, count: acked }] : [],
  ];
}

/** The connection is gone: a flush in progress is none any more. */
export const interrupted = (outbox: Outbox): Outbox => (outbox.progress ? { ...outbox, progress: null } : outbox);

/** The frames a room may write now: those due, in order, while fewer than `window` are in flight. */
export function due(own: RoomOutbox, room: string, attempt: number, window: number, now: number): readonly [RoomOutbox, ClientFrame[]] {
  const frames: ClientFrame[] = [];
  if (now < own.pausedUntil) return [own, frames];
  const awake = own.pausedUntil > 0 ? { ...own, pausedUntil: 0 } : own;
  let entries: Map<string, Entry> | null = null;
  let { seq, restart } = own;
  let flying = 0;
  let previous = 0;
  for (const entry of own.entries.values()) {
    if (entry.failure) continue;
    if (++flying > window) break;
    if (entry.sentOn === attempt) {
      previous = entry.seq ?? previous;
      continue;
    }
    const number = entry.seq ?? ++seq;
    // A number between was refused, and the server forgot the refusal: it cannot be had again.
    restart ||= previous !== 0 && number !== previous + 1;
    previous = number;
    frames.push({ type: 'send', room, seq: number, id: entry.id, message: entry.type, version: entry.version, data: entry.data, restart: restart ? true : null });
    restart = false;
    (entries ??= new Map(own.entries)).set(entry.id, { ...entry, seq: number, sentOn: attempt });
  }
  return [entries ? { ...awake, entries, seq, restart } : awake, frames];
}

export interface Acked {
  readonly entry: Entry;
  readonly offset: number | null;
  readonly timestamp: number;
}

/** Receipts for messages of a room: their promises resolve, and they are held for a while longer. */
export function acknowledge(outbox: Outbox, room: string, epoch: string, receipts: readonly ReceiptTuple[], now: number): readonly [...Change, readonly Acked[]] {
  const own = outboxOf(outbox, room);
  const bySeq = new Map<number, Entry>();
  for (const entry of own.entries.values()) {
    if (entry.failure) continue;
    if (entry.seq === null) break;
    bySeq.set(entry.seq, entry);
  }
  const entries = new Map(own.entries);
  const kept: Kept[] = [];
  const effects: Effect[] = [];
  const acked: Acked[] = [];
  let { count, bytes } = outbox;
  for (const [seq, offset, timestamp, duplicate, result] of receipts) {
    const entry = bySeq.get(seq);
    if (!entry || !entries.delete(entry.id)) continue;
    count--;
    bytes -= entry.bytes;
    kept.push({ entry, until: now + keepTime });
    acked.push({ entry, offset: offset ?? null, timestamp });
    effects.push(...settle(entry, { id: entry.id, epoch, offset: offset ?? null, timestamp, duplicate, ...(result === undefined || result === null ? {} : { result }) }));
  }
  if (acked.length === 0) return [outbox, [], []];
  const held = [...own.kept.filter(({ until }) => until > now), ...kept].slice(-keepCount);
  const next = { ...withRoom(outbox, room, { ...own, entries, kept: held }), count, bytes, progress: advanced(outbox, acked.length) };
  return [next, effects, acked];
}

function advanced({ progress }: Outbox, settled: number): Outbox['progress'] {
  if (!progress) return null;
  const done = progress.done + settled;
  return done >= progress.total ? null : { done, total: progress.total };
}

/** A message was not taken: for now, or for good. */
export function refuse(outbox: Outbox, frame: Extract<ServerFrame, { type: 'nack' }>, now: number): Change {
  const { room, seq, code, after, reason } = frame;
  const own = outboxOf(outbox, room);
  const entry = Array.from(own.entries.values()).find((it) => it.seq === seq && !it.failure);
  if (code === 'gap') return rejoined(outbox, room, after ?? 0);
  if (!entry) return [outbox, []];
  if (code === 'limited' || code === 'unavailable' || code === 'not-joined') {
    return [withRoom(outbox, room, { ...rewound(own), pausedUntil: now + (after ?? 1_000) }), []];
  }
  const failure: Failure = { code: isErrorCode(code) ? code : 'rejected', message: reason ?? code, ...(frame.details === null ? {} : { details: frame.details }) };
  const entries = new Map(own.entries).set(entry.id, { ...entry, failure, settled: true });
  const failed = Array.from(entries.values()).filter((it) => it.failure);
  const surplus = failed.slice(0, Math.max(0, failed.length - failedLimit));
  for (const { id } of surplus) entries.delete(id);
  const next = withRoom(outbox, room, { ...own, entries });
  const bytes = surplus.reduce((sum, it) => sum + it.bytes, 0);
  return [{ ...next, count: next.count - surplus.length, bytes: next.bytes - bytes, progress: advanced(outbox, 1) }, settle(entry, failure)];
}

/** Nobody here may send in this room: what left is in doubt, what did not fails as the room did. */
export function refuseAll(outbox: Outbox, room: string, failure: Failure): Change {
  const own = outbox.rooms.get(room);
  if (!own || !isBusy(own)) return [outbox, []];
  const effects: Effect[] = [];
  const entries = new Map(own.entries);
  for (const entry of own.entries.values()) {
    if (entry.failure) continue;
    const why = entry.seq === null ? failure : inDoubt;
    effects.push(...settle(entry, why));
    entries.set(entry.id, { ...entry, failure: why, settled: true });
  }
  return [{ ...withRoom(outbox, room, { ...own, entries }), progress: null }, effects];
}

/** The log showed these of our own: a list has them by the log now. */
export function seen(outbox: Outbox, room: string, ids: readonly string[]): Outbox {
  const own = outboxOf(outbox, room);
  const mine = ids.filter((id) => own.entries.get(id)?.seen === false);
  if (mine.length === 0) return outbox;
  const entries = new Map(own.entries);
  for (const id of mine) entries.set(id, { ...(entries.get(id) as Entry), seen: true });
  return withRoom(outbox, room, { ...own, entries });
}

/** Everything unsettled is given up: what left is in doubt, what did not is closed. */
export function giveUp(outbox: Outbox, only: 'left' | 'all'): Change {
  const effects: Effect[] = [];
  let { count, bytes } = outbox;
  const rooms = new Map<string, RoomOutbox>();
  for (const [room, own] of outbox.rooms) {
    const entries = new Map(own.entries);
    for (const entry of own.entries.values()) {
      const left = entry.seq !== null;
      if (entry.failure || (only === 'left' && !left)) continue;
      entries.delete(entry.id);
      count--;
      bytes -= entry.bytes;
      effects.push(...settle(entry, left ? inDoubt : { code: 'closed', message: 'the client was closed before it left' }));
    }
    rooms.set(room, only === 'left' ? { ...emptyRoomOutbox, entries } : { ...own, entries });
  }
  return [{ ...outbox, rooms, count, bytes, progress: null }, effects];
}
