// Own durable messages under way. A message gets its seq when it is first sent; messages are sent in order, a window
// at a time. The server acknowledges them, puts them off or refuses them.
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.js';
import { maxFlight, maxFlightBytes } from '../../../protocol/limits.js';
import { draftPart, emit, roomOf } from '../model/draft.js';
import type { FrameOf, InFlight, Slice, Turn, Writing } from '../model/slice.js';
import { isInFlight, type AckedEntry, type Entry } from '../model/entry.js';
import { failureOf } from '../model/failures.live.js';
import { tooLarge } from '../model/failures.js';
import { maxAckedEntries, never } from '../model/limits.js';
import { hasUnsettled, senderOf, type Room } from '../model/room-state.js';
import { append, queueItems, removeFront } from '../model/shared-queue.live.js';
import { emptyQueue } from '../model/shared-queue.js';
import type { Message } from '../model/message.js';
import { markFailed, putEntry, removeEntry, settlePromise } from './entries.js';

/** The shortest time before a message that the server put off is sent again. */
const minSendPauseMs = 50;

/** How long acknowledged messages are kept, in case the log loses its newest entries. */
const ackedEntryMs = 120_000;

/** Lost messages that are counted at once, whatever a record or a server claims. */
const maxReportedLoss = 100_000;
/** No session sends as many messages. Seqs above it are left for the messages that the session sends next. */
const maxClaimedSeq = 2 ** 52;
/** Time before a message that was put off is sent again, if the server does not say when. */
const defaultPauseMs = 1_000;

/** Messages that were sent and not answered are sent again. */
function markUnsent(turn: Turn, id: string): void {
  for (const entry of roomOf(turn, id).outbox.entries.values())
    if (entry.sentOn !== null) putEntry(turn, id, { ...entry, sentOn: null });
}

/** Seqs from `first` to just before `end`, as far as they are counted. */
const seqRange = (first: number, end: number): readonly number[] =>
  Array.from({ length: Math.max(0, Math.min(end - first, maxReportedLoss)) }, (_, index) => first + index);

/** The acknowledged messages that the log still has, and those that it lost and that can be sent again. */
function splitAcked(
  { outbox }: Room,
  last: number,
  now: number,
): { readonly held: Room['outbox']['recentlyAcked']; readonly lost: readonly Entry[] } {
  let held = emptyQueue<AckedEntry>();
  const lost: Entry[] = [];
  for (const acked of queueItems(outbox.recentlyAcked)) {
    if (acked.seq <= last) held = append(held, acked);
    else if (acked.until > now)
      lost.push({ ...acked.entry, sentOn: null, inLog: true, promiseSettled: true });
  }
  return { held, lost };
}

const bySeq = (a: Entry, b: Entry): number => (a.seq ?? 0) - (b.seq ?? 0);

/** Reports seqs that are in no log and that the client cannot send again. */
function reportLost(turn: Turn, id: string, first: number, end: number): void {
  const outbox = draftPart(turn, id, 'outbox');
  const lost = seqRange(first, end).filter((seq) => !outbox.retiredSeqs.has(seq));
  if (lost.length === 0) return;
  outbox.retiredSeqs = new Set([...outbox.retiredSeqs, ...lost].slice(-maxReportedLoss));
  emit(turn, { type: 'acked-lost', room: id, count: lost.length });
}

/**
 * The server has every message up to the seq `claimed`. Messages that are not acknowledged are sent again, so that
 * their acknowledgement comes. Messages that are acknowledged and lie above `claimed` were lost by the log: they are
 * sent again too, as far as the client still has them.
 */
function resumeFrom(turn: Turn, id: string, claimed: number): void {
  const { state, now } = turn;
  const last = Math.min(claimed, maxClaimedSeq);
  markUnsent(turn, id);
  const outbox = draftPart(turn, id, 'outbox');
  const { held, lost } = splitAcked(roomOf(turn, id), last, now);
  const waiting = Array.from(outbox.entries.values());
  const numbered = [...lost, ...waiting].filter(({ seq }) => seq !== null).toSorted(bySeq);
  const entries = [...numbered, ...waiting.filter(({ seq }) => seq === null)];
  outbox.entries = new Map(entries.map((entry) => [entry.id, entry]));
  outbox.recentlyAcked = held;
  outbox.lastSeq = Math.max(outbox.lastSeq, last);
  outbox.ackedSeq = last;
  outbox.pausedUntil = 0;
  const unsettled = entries.filter(({ failure }) => !failure);
  reportLost(turn, id, last + 1, unsettled[0]?.seq ?? outbox.lastSeq + 1);
  const { done, total } = state.progress ?? { done: 0, total: 0 };
  if (unsettled.length > 1) state.progress = { done, total: total + unsettled.length };
}

/** Counts the messages that are in flight on a connection, all rooms together. */
function countInFlight({ state }: Turn, attempt: number): InFlight {
  const total: InFlight = { count: 0, bytes: 0 };
  for (const { outbox } of state.rooms.values())
    for (const { failure, sentOn, bytes } of outbox.entries.values()) {
      if (failure) continue;
      // Messages in flight come before those that are not.
      if (sentOn !== attempt) break;
      total.count++;
      total.bytes += bytes;
    }
  return total;
}

const isFull = ({ count, bytes }: InFlight, entry: Entry): boolean =>
  count > 0 && (count >= maxFlight || bytes + entry.bytes > maxFlightBytes);

const sendFrame = (room: string, entry: Entry, seq: number, ackedSeq: number): ClientFrame => ({
  type: 'send',
  room,
  seq,
  id: entry.id,
  message: entry.type,
  version: entry.version,
  data: entry.data,
  // Seqs in between were refused, or lost with the log: they will not come.
  follows: ackedSeq < seq - 1 ? ackedSeq : null,
  replayed: entry.mayHaveBeenSent,
});

/**
 * The messages of a room inside of the window, in order, each with the seq that it has or gets. A message that is
 * larger than the server takes fails on the way, and gets no seq.
 */
function* sendable(turn: Turn, id: string): Generator<readonly [entry: Entry, seq: number]> {
  const { config, state } = turn;
  const { entries, lastSeq } = roomOf(turn, id).outbox;
  const window = Math.min(config.outbox.window, state.limits.window);
  let nextSeq = lastSeq + 1;
  let count = 0;
  for (const entry of entries.values()) {
    if (entry.failure) continue;
    if (entry.bytes > state.limits.frame)
      markFailed(turn, id, entry, tooLarge(entry.bytes, state.limits.frame));
    else if (++count > window) return;
    else yield [entry, entry.seq ?? nextSeq++];
  }
}

/** Gives a seq to an entry, and remembers it as the last. */
function putNumbered(turn: Turn, id: string, entry: Entry & { readonly seq: number }): void {
  putEntry(turn, id, entry);
  const outbox = draftPart(turn, id, 'outbox');
  outbox.lastSeq = Math.max(outbox.lastSeq, entry.seq);
}

/** Sends what the room may send now: in order, and no more than the window and the connection allow. */
function sendDue(turn: Turn, id: string, { live: { attempt }, frames }: Writing, inFlight: InFlight): void {
  let { ackedSeq } = roomOf(turn, id).outbox;
  let waitsForStorage = false;
  for (const [entry, seq] of sendable(turn, id)) {
    if (entry.sentOn !== attempt) {
      if (isFull(inFlight, entry)) return;
      inFlight.count++;
      inFlight.bytes += entry.bytes;
      waitsForStorage ||= turn.state.durable && entry.storedSeq !== seq;
      // The seq is given now, so that the record can be written. Once the record is there, this message is sent, and
      // then those behind it.
      if (waitsForStorage) {
        if (entry.seq === null) putNumbered(turn, id, { ...entry, seq });
        continue;
      }
      frames.push(sendFrame(id, entry, seq, ackedSeq));
      putNumbered(turn, id, { ...entry, seq, sentOn: attempt, mayHaveBeenSent: true });
    }
    ackedSeq = Math.max(ackedSeq, seq);
  }
}

function advanceProgress({ state }: Turn): void {
  const { progress } = state;
  if (progress) state.progress = { ...progress, done: progress.done + 1 };
}

/** The backlog is sent once nothing waits any more. */
export function endProgress({ state }: Turn): void {
  if (state.progress && !Array.from(state.rooms.values()).some(hasUnsettled)) state.progress = null;
}

/** The message in flight with this seq. Acknowledgements come in order, so it is one of the first. */
function inFlightEntry({ outbox }: Room, seq: number): Entry | null {
  for (const entry of outbox.entries.values()) if (entry.seq === seq && isInFlight(entry)) return entry;
  return null;
}

/**
 * Acknowledgements: promises resolve, and the messages are kept for a while longer. A message that the log has not
 * shown yet stays in the lists meanwhile, as an echo.
 */
export function acknowledge(
  turn: Turn,
  { room: id, epoch, receipts }: Extract<ServerFrame, { type: 'ack' }>,
): void {
  const { now, state } = turn;
  const { self } = state;
  const { presence, log } = roomOf(turn, id);
  const sender = self && senderOf(roomOf(turn, id), [self.member, self.user], presence.ownShown);
  const echoes: Message[] = [];
  const outbox = draftPart(turn, id, 'outbox');
  for (const [seq, place, timestamp, duplicate, result, tag] of receipts) {
    const entry = inFlightEntry(roomOf(turn, id), seq);
    if (!entry) continue;
    const { id: messageId, type, displayData: data, inLog } = entry;
    const offset = place ?? null;
    outbox.ackedSeq = Math.max(outbox.ackedSeq, seq);
    settlePromise(turn, entry, {
      id: messageId,
      epoch,
      offset,
      timestamp,
      duplicate,
      ...(result !== undefined && result !== null && { result }),
      ...(tag && { tag }),
    });
    removeEntry(turn, id, entry);
    outbox.recentlyAcked = removeFront(
      append(outbox.recentlyAcked, { seq, entry, until: now + ackedEntryMs }),
      ({ until }, size) => until <= now || size > maxAckedEntries,
    );
    if (!inLog && offset !== null && offset > (log.position?.offset ?? 0))
      echoes.push({ id: messageId, room: id, type, data, offset, timestamp, sender, status: 'sent' });
    advanceProgress(turn);
  }
  if (echoes.length) outbox.echoes = [...outbox.echoes, ...echoes].slice(-maxAckedEntries);
}

const putOffCodes: ReadonlySet<string> = new Set(['limited', 'unavailable', 'not-joined']);

function pause(turn: Turn, id: string, ms: number): void {
  draftPart(turn, id, 'outbox').pausedUntil = turn.now + Math.max(minSendPauseMs, ms);
}

/** The server did not take a message: it puts it off, asks for an earlier one, or refuses it for good. */
function onNack(turn: Turn, { room: id, seq, code, after, reason, details }: FrameOf<'nack'>): void {
  const entry = inFlightEntry(roomOf(turn, id), seq);
  if (!entry) return;
  const why = failureOf(code, reason ?? code);
  if (code === 'gap') {
    resumeFrom(turn, id, after ?? 0);
    return pause(turn, id, 0);
  }
  if (putOffCodes.has(code)) {
    markUnsent(turn, id);
    const attempts = (entry.putOff?.attempts ?? 0) + 1;
    // Without a membership the server has not looked at the message, so it has not put this message off.
    if (code !== 'not-joined') putEntry(turn, id, { ...entry, sentOn: null, putOff: { attempts, why } });
    return pause(turn, id, after ?? defaultPauseMs);
  }
  const outbox = draftPart(turn, id, 'outbox');
  outbox.ackedSeq = Math.max(outbox.ackedSeq, seq);
  markFailed(turn, id, entry, { ...why, ...(details !== null && { details }) });
  advanceProgress(turn);
}

export const inFlight: Slice = {
  frames: { ack: acknowledge, nack: onNack },
  joined: (turn, id, { last }) => {
    resumeFrom(turn, id, last);
  },
  sendDeadline: (room) => {
    const { pausedUntil } = room.outbox;
    return pausedUntil > 0 && hasUnsettled(room) ? pausedUntil : never;
  },
  reconcile: (turn, id, writing) => {
    const { pausedUntil } = roomOf(turn, id).outbox;
    if (turn.now < pausedUntil) return;
    if (pausedUntil) draftPart(turn, id, 'outbox').pausedUntil = 0;
    writing.inFlight ??= countInFlight(turn, writing.live.attempt);
    sendDue(turn, id, writing, writing.inFlight);
  },
};
