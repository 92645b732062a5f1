// Own durable messages that wait: expired, taken back, tried again, and what a new session or user means to them.
// Messages under way are in in-flight.live.ts.
import { attemptsOf } from '../model/connection-state.js';
import { changePart, draftPart, roomOf } from '../model/draft.js';
import { isPutOff, isQueued, type Entry } from '../model/entry.js';
import { clientClosed, inDoubt, otherUser } from '../model/failures.js';
import { never } from '../model/limits.js';
import type { Failure } from '../model/message.js';
import type { Room } from '../model/room-state.js';
import { emptyQueue } from '../model/shared-queue.js';
import type { EventOf, Slice, Turn } from '../model/slice.js';
import { retryDenied } from '../room/membership.js';
import { enqueue } from './enqueue.js';
import { abandonQueued, markFailed, putEntry, removeEntry } from './entries.js';

/**
 * True if the server may have forgotten the message's seq by the time it comes again. The server remembers the seqs
 * of a session for a day. Without this, a page that is opened on Monday would send a message that arrived on Friday,
 * and the server would take it for a new one. A message in flight on a connection that is there is answered there,
 * however old.
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
 * under new numbers.
 */
function changeUser(turn: Turn, id: string, keepOwn: boolean): void {
  const outbox = draftPart(turn, id, 'outbox');
  const kept: Entry[] = [];
  const dropped = new Map<string, Entry>();
  for (const entry of outbox.entries.values())
    if (keepOwn && !entry.promiseSettled) kept.push(entry);
    else dropped.set(entry.id, entry);
  outbox.entries = dropped;
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
