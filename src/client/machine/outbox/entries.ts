// Changes to the own messages of a room: put in, removed, failed.
import { draftMap, draftPart, emit } from '../model/draft.js';
import type { Receipt } from '../model/effects.js';
import { isQueued, type Entry } from '../model/entry.js';
import { maxAckedEntries } from '../model/limits.js';
import type { Failure } from '../model/message.js';
import type { Turn } from '../model/slice.js';

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
export function abandonQueued(turn: Turn, id: string, entry: Entry, failure: Failure): void {
  if (entry.promiseSettled) markFailed(turn, id, entry, failure);
  else removeEntry(turn, id, entry, failure);
}
