// Own durable messages: taken in, expired, taken back, tried again. Messages under way are in in-flight.live.ts.
import type { Receipt } from '../model/effects.js';
import { attemptsOf } from '../model/connection-state.js';
import { changePart, draftMap, draftPart, emit, ensureRoom, roomOf } from '../model/draft.js';
import type { Draft, EventOf, Slice, Turn } from '../model/slice.js';
import { isPutOff, isQueued, type Entry } from '../model/entry.js';
import type { Outgoing } from '../model/events.js';
import { clientClosed, inDoubt, otherUser } from '../model/failures.js';
import { maxAckedEntries, never } from '../model/limits.js';
import type { Room } from '../model/room-state.js';
import { emptyQueue } from '../model/shared-queue.js';
import type { Failure } from '../model/message.js';
import { refusalOf, retryDenied } from '../room/membership.js';

/** Failed messages of a room that stay visible until the app retries or discards them. */
const maxFailedEntries = 100;

/** Tells the promise of a message, and the promises of those that it replaced. */
export function settlePromise(
  turn: Turn,
  { promiseSettled, id, replaces }: Entry,
  outcome: Receipt | Failure,
): void {
  if (!promiseSettled) emit(turn, { type: 'settle', ids: [id, ...replaces], outcome });
}

/** Puts an entry into a room, or in the place of the entry with its id. Returns the entries as a draft. */
export function putEntry(turn: Turn, id: string, entry: Entry): Map<string, Entry> {
  const outbox = draftPart(turn, id, 'outbox');
  const entries = draftMap(turn, outbox.entries).set(entry.id, entry);
  outbox.entries = entries;
  return entries;
}

/** Notes that a seq will be in no log, so that it does not count as lost. */
function retireSeq(turn: Turn, id: string, seq: number | null): void {
  if (seq === null) return;
  const outbox = draftPart(turn, id, 'outbox');
  outbox.retiredSeqs = new Set([...outbox.retiredSeqs, seq].slice(-maxAckedEntries));
}

/** Removes an entry. With a failure, its promise is told. */
export function removeEntry(turn: Turn, id: string, entry: Entry, failure?: Failure): void {
  putEntry(turn, id, entry).delete(entry.id);
  if (isQueued(entry)) retireSeq(turn, id, entry.seq);
  if (failure) settlePromise(turn, entry, failure);
}

/** Keeps an entry in its place, as one that failed. */
export function markFailed(turn: Turn, id: string, entry: Entry, failure: Failure): void {
  settlePromise(turn, entry, failure);
  retireSeq(turn, id, entry.seq);
  const entries = putEntry(turn, id, { ...entry, failure, promiseSettled: true });
  // Messages in storage stay until the app has seen to them: an earlier page may not have shown that they failed.
  if (turn.state.durable) return;
  const failed = Array.from(entries.values()).filter((other) => other.failure);
  for (const oldest of failed.slice(0, -maxFailedEntries)) entries.delete(oldest.id);
}

/** Gives up a message that was not sent. If it has no promise any more, it is shown as failed. */
function abandonQueued(turn: Turn, id: string, entry: Entry, failure: Failure): void {
  if (entry.promiseSettled) markFailed(turn, id, entry, failure);
  else removeEntry(turn, id, entry, failure);
}

/** A number of messages, and their bytes. */
interface Load {
  count: number;
  bytes: number;
}

const addTo = (load: Load, entry: Entry, times: 1 | -1): void => {
  load.count += times;
  load.bytes += entry.bytes * times;
};

const overflow = (message: string): Failure => ({ code: 'overflow', message });

/** Shared by messages that replace none: it is never changed. */
const noLoad: Load = { count: 0, bytes: 0 };
const noEntries: readonly Entry[] = [];

/** The oldest message of all rooms that was not sent. */
function oldestQueued({ state }: Turn): readonly [string, Entry] | null {
  let oldest: readonly [string, Entry] | null = null;
  for (const { id, outbox } of state.rooms.values())
    for (const entry of outbox.entries.values())
      if (isQueued(entry) && entry.queuedAt < (oldest?.[1].queuedAt ?? never)) oldest = [id, entry];
  return oldest;
}

/** The queued messages of a room that a message with this key replaces. */
const replacedBy = (room: Room | undefined, coalesceKey: string | null): readonly Entry[] =>
  coalesceKey === null || !room
    ? noEntries
    : Array.from(room.outbox.entries.values()).filter(
        (old) => old.coalesceKey === coalesceKey && isQueued(old),
      );

function newEntry({ now, config }: Turn, message: Outgoing): Draft<Entry> {
  const ttl = message.ttl ?? config.outbox.ttl;
  // Each field is named: an object that is spread from the rest of another is slow in V8, and so is each copy of it.
  return {
    id: message.id,
    type: message.type,
    version: message.version,
    data: message.data,
    displayData: message.displayData,
    bytes: message.bytes,
    coalesceKey: message.coalesceKey,
    queuedAt: now,
    expiresAt: ttl === null ? never : now + ttl,
    seq: null,
    sentOn: null,
    mayHaveBeenSent: false,
    storedSeq: null,
    inLog: false,
    promiseSettled: false,
    failure: null,
    replaces: [],
  };
}

/** What the outbox holds, all rooms together. */
class OutboxLoad {
  readonly all: Load = { count: 0, bytes: 0 };
  readonly queued: Load = { count: 0, bytes: 0 };
  readonly #turn: Turn;

  constructor(turn: Turn) {
    this.#turn = turn;
    for (const { outbox } of turn.state.rooms.values())
      for (const entry of outbox.entries.values()) {
        if (!entry.failure) addTo(this.all, entry, 1);
        if (isQueued(entry)) addTo(this.queued, entry, 1);
      }
  }

  /** Counts a queued message in, or out. */
  change(entry: Entry, times: 1 | -1): void {
    addTo(this.all, entry, times);
    addTo(this.queued, entry, times);
  }

  /** True if a message fits once what `without` counts is removed. */
  fits(entry: Entry, without: Readonly<Load>): boolean {
    const { limit, bytes } = this.#turn.config.outbox;
    return this.all.count - without.count < limit && this.all.bytes - without.bytes + entry.bytes <= bytes;
  }
}

/** Takes one message in, or refuses it. */
function enqueueOne(turn: Turn, load: OutboxLoad, message: Outgoing): void {
  const id = message.room;
  const { overflow: policy } = turn.config.outbox;
  const entry = newEntry(turn, message);
  const replaced = replacedBy(turn.state.rooms.get(id), message.coalesceKey);
  const freed: Load = replaced.length > 0 ? { count: 0, bytes: 0 } : noLoad;
  for (const old of replaced) addTo(freed, old, 1);
  const mayFit = load.fits(entry, freed) || (policy === 'drop-oldest' && load.fits(entry, load.queued));
  const { count, bytes } = load.all;
  const refusal =
    refusalOf(turn.state, id) ??
    (mayFit ? null : overflow(`the outbox is full: ${count} messages, ${bytes} bytes`));
  if (refusal) return settlePromise(turn, entry, refusal);
  ensureRoom(turn, id);
  for (const old of replaced) {
    removeEntry(turn, id, old);
    load.change(old, -1);
    // A message that failed and was tried again has no promise any more.
    if (!old.promiseSettled) entry.replaces = [...entry.replaces, ...old.replaces, old.id];
  }
  while (!load.fits(entry, noLoad)) {
    const oldest = oldestQueued(turn);
    if (!oldest) break;
    abandonQueued(turn, ...oldest, overflow('dropped: the outbox is full'));
    load.change(oldest[1], -1);
  }
  load.change(entry, 1);
  putEntry(turn, id, entry);
}

/**
 * Takes messages in, in order. If the outbox is full, its policy decides: the new message is refused, or the oldest
 * messages that were not sent are dropped. A message that would not fit even then is refused, and nothing is dropped.
 */
function enqueue(turn: Turn, messages: readonly Outgoing[]): void {
  const load = new OutboxLoad(turn);
  for (const message of messages) enqueueOne(turn, load, message);
}

/**
 * True if the server may have forgotten the message's seq by the time it comes again. The server remembers the seqs
 * of a
 * session for a day. Without this, a page that is opened on Monday would send a message that arrived on Friday, and the
 * server would take it for a new one. A message in flight on a connection that is there is answered there, however old.
 */
const isTooOld = (
  { now, config, state }: Turn,
  { queuedAt, mayHaveBeenSent, sentOn, failure }: Entry,
): boolean =>
  !failure &&
  (mayHaveBeenSent || state.durable) &&
  now >= queuedAt + config.outbox.maxAge &&
  (sentOn === null || !attemptsOf(state.connection).includes(sentOn));

/** Ends messages whose time to live is over, and messages that the server may have forgotten. */
function expire(turn: Turn, id: string): void {
  for (const entry of roomOf(turn, id).outbox.entries.values()) {
    if (isTooOld(turn, entry))
      markFailed(turn, id, entry, { code: 'expired', message: 'it waited longer than outbox.maxAge' });
    else if (entry.expiresAt > turn.now) continue;
    else if (isQueued(entry))
      abandonQueued(turn, id, entry, { code: 'expired', message: 'it could not leave within its ttl' });
    // An earlier connection of the message, at another node, may still be at work on it.
    else if (isPutOff(entry)) markFailed(turn, id, entry, inDoubt);
  }
}

/** When the next message expires that waits to be sent, for the first time or again. */
function nextExpiry({ outbox }: Room): number {
  let next = never;
  for (const entry of outbox.entries.values())
    if (entry.expiresAt < next && (isQueued(entry) || isPutOff(entry))) next = entry.expiresAt;
  return next;
}

/** Takes a message back if it was not sent, or forgets one that failed. */
function cancel(turn: Turn, { room: id, id: messageId }: EventOf<'abort' | 'discard'>): void {
  const entry = turn.state.rooms.get(id)?.outbox.entries.get(messageId);
  if (entry && (isQueued(entry) || entry.failure))
    removeEntry(turn, id, entry, { code: 'aborted', message: 'taken back before it left' });
}

/** Sends a failed message again, as the newest of its room. */
function retry(turn: Turn, { room: id, id: messageId }: EventOf<'retry'>): void {
  const entry = turn.state.rooms.get(id)?.outbox.entries.get(messageId);
  if (!entry?.failure) return;
  removeEntry(turn, id, entry);
  retryDenied(turn, id);
  putEntry(turn, id, {
    ...entry,
    failure: null,
    seq: null,
    sentOn: null,
    mayHaveBeenSent: false,
    storedSeq: null,
    expiresAt: never,
    queuedAt: turn.now,
  });
}

/**
 * Ends the numbers of the session. Messages that were sent are in doubt. Queued messages are given up too with
 * `andQueued`; otherwise they go on under new numbers.
 */
function endSession(turn: Turn, id: string, andQueued: boolean, failure: Failure): void {
  changePart(turn, id, 'outbox', {
    lastSeq: 0,
    ackedSeq: 0,
    recentlyAcked: emptyQueue(),
    retiredSeqs: new Set(),
    pausedUntil: 0,
  });
  for (const entry of roomOf(turn, id).outbox.entries.values()) {
    const wasQueued = isQueued(entry);
    if (entry.failure) putEntry(turn, id, { ...entry, seq: null, storedSeq: null });
    // The client that finds a stored message later may still send it, so this one cannot say that it failed.
    else if (!wasQueued || andQueued)
      removeEntry(turn, id, entry, wasQueued && !turn.state.durable ? failure : inDoubt);
  }
}

/**
 * Drops the messages of the user before. With `keepOwn`, messages that this page sent before it knew its user go on
 * under
 * new numbers.
 */
function changeUser(turn: Turn, id: string, keepOwn: boolean): void {
  const outbox = draftPart(turn, id, 'outbox');
  const all = Array.from(outbox.entries.values());
  const kept = keepOwn ? all.filter(({ promiseSettled }) => !promiseSettled) : [];
  outbox.entries = new Map(all.filter((entry) => !kept.includes(entry)).map((entry) => [entry.id, entry]));
  endSession(turn, id, true, otherUser);
  changePart(turn, id, 'outbox', {
    echoes: [],
    entries: new Map(
      kept.map((entry) => [
        entry.id,
        { ...entry, seq: null, storedSeq: null, sentOn: null, mayHaveBeenSent: false },
      ]),
    ),
  });
}

export const queue: Slice = {
  events: {
    send: (turn, { messages }) => {
      enqueue(turn, messages);
    },
    retry,
    discard: cancel,
    abort: cancel,
  },
  roomDeadline: nextExpiry,
  roomTick: expire,
  // A message that was sent is in doubt. One that was not fails as the room did.
  denied: (turn, id, failure) => {
    for (const entry of roomOf(turn, id).outbox.entries.values())
      if (!entry.failure) markFailed(turn, id, entry, isQueued(entry) ? failure : inDoubt);
  },
  sessionReplaced: (turn, id) => {
    endSession(turn, id, false, otherUser);
  },
  userChanged: changeUser,
  closed: (turn, id) => {
    endSession(turn, id, true, clientClosed);
  },
};
