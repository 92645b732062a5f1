// The room's log: entries are taken in order, a missing one is noticed, and a join tells what came meanwhile.
import type { EntryTuple } from '../../../protocol/frames.js';
import { toPosition, type Position } from '../../../protocol/position.js';
import { draftMap, draftPart, emit, roomOf } from '../model/draft.js';
import type { FrameOf, Slice, Turn } from '../model/slice.js';
import { rejoinPauseMs } from '../model/limits.js';
import { isJoined, senderOf } from '../model/room-state.js';
import type { Message } from '../model/message.js';
import { appendToLists, restartLists } from './lists.live.js';

/** The data of a message as this client's contract reads it; null and a report if it cannot be read. */
export function parseData(
  turn: Turn,
  room: string,
  type: string,
  version: number,
  raw: unknown,
): { readonly data: unknown } | null {
  const parsed = turn.parse(room, type, version, raw);
  if (!('code' in parsed)) return { data: parsed.data };
  emit(turn, { type: 'report', room, failure: parsed });
  return null;
}

/** Entries as messages. An entry that this client cannot read is reported and left out. */
export function toMessages(turn: Turn, id: string, entries: readonly EntryTuple[]): readonly Message[] {
  const messages: Message[] = [];
  const room = roomOf(turn, id);
  for (const [offset, , , messageId, timestamp, sender, type, version, raw] of entries) {
    const parsed = parseData(turn, id, type, version, raw);
    if (parsed)
      messages.push({
        id: messageId,
        room: id,
        type,
        data: parsed.data,
        offset,
        timestamp,
        sender: sender && senderOf(room, sender),
      });
  }
  return messages;
}

/**
 * Notes own messages that the log shows now: they are not shown as pending any more, and one that was in doubt is
 * done.
 */
function noteOwnMessages(turn: Turn, id: string, entries: readonly EntryTuple[]): void {
  const shown = new Set<string>();
  for (const [, , , messageId, , sender] of entries)
    if (sender?.[0] === turn.state.self?.member) shown.add(messageId);
  if (shown.size === 0) return;
  const outbox = draftPart(turn, id, 'outbox');
  for (const messageId of shown) {
    const entry = outbox.entries.get(messageId);
    if (!entry) continue;
    const drafts = draftMap(turn, outbox.entries);
    if (entry.failure) drafts.delete(messageId);
    else drafts.set(messageId, { ...entry, inLog: true });
    outbox.entries = drafts;
  }
  if (outbox.echoes.length) outbox.echoes = outbox.echoes.filter((echo) => !shown.has(echo.id));
}

/** Takes entries that follow the position. Returns them as messages. */
function takeEntries(turn: Turn, id: string, entries: readonly EntryTuple[]): readonly Message[] {
  const log = draftPart(turn, id, 'log');
  const last = entries.at(-1);
  if (last && log.position) log.position = { epoch: log.position.epoch, offset: last[0], tag: last[1] };
  noteOwnMessages(turn, id, entries);
  return toMessages(turn, id, entries);
}

/** The entries that follow the position one after the other. Entries before it were seen. */
function linkedEntries(
  position: Position,
  entries: readonly EntryTuple[],
): { readonly linked: readonly EntryTuple[]; readonly isHole: boolean } {
  let { offset, tag } = position;
  const linked: EntryTuple[] = [];
  for (const entry of entries) {
    const wasSeen = entry[0] < offset || (entry[0] === offset && entry[1] === tag);
    if (wasSeen) continue;
    const follows = entry[0] === offset + 1 && entry[2] === tag;
    if (!follows) return { linked, isHole: true };
    [offset, tag] = entry;
    linked.push(entry);
  }
  return { linked, isHole: false };
}

/** Joins the room again because entries are missing. A log that is broken for good is asked once a second at most. */
function rejoin(turn: Turn, id: string): void {
  const membership = draftPart(turn, id, 'membership');
  membership.phase = { status: 'wanted', at: (membership.joinedAt ?? 0) + rejoinPauseMs };
  membership.rejoiningFrom = null;
  draftPart(turn, id, 'log').continuity = 'gap';
}

/**
 * Takes a batch of entries. An entry that was seen is dropped. If an entry does not follow the one before it, entries
 * are missing: nothing behind the hole is delivered, and the room joins again from its position.
 */
export function receiveEntries(turn: Turn, id: string, entries: readonly EntryTuple[]): void {
  const room = roomOf(turn, id);
  if (!isJoined(room) || !room.log.position) return;
  const { linked, isHole } = linkedEntries(room.log.position, entries);
  if (!isHole && linked.length === 0) return;
  const messages = takeEntries(turn, id, linked);
  appendToLists(turn, id, messages);
  // During a handover the next connection is asked for these entries anyway.
  if (isHole && !room.membership.rejoiningFrom) rejoin(turn, id);
  if (messages.length) emit(turn, { type: 'deliver', room: id, messages });
}

const isSamePosition = (a: Position, b: Position): boolean =>
  a.epoch === b.epoch && a.offset === b.offset && a.tag === b.tag;

/**
 * Entries follow the position that was asked for, or the server starts the room anew with the newest part of its log.
 */
function onJoined(turn: Turn, id: string, frame: FrameOf<'joined'>): void {
  const { recovered, why, messages, more } = frame;
  const start = toPosition(frame.position);
  const { position: before } = roomOf(turn, id).log;
  const membership = draftPart(turn, id, 'membership');
  const asked = membership.rejoiningFrom ?? before;
  membership.rejoiningFrom = null;
  const log = draftPart(turn, id, 'log');
  if (asked && recovered && isSamePosition(start, asked)) {
    log.continuity = 'recovered';
    receiveEntries(turn, id, messages);
    return;
  }
  const missing =
    before?.epoch === start.epoch && start.offset > before.offset
      ? ([before.offset + 1, start.offset] as const)
      : null;
  log.position = start;
  log.continuity = before ? 'reset' : 'exact';
  restartLists(
    turn,
    id,
    takeEntries(turn, id, messages),
    { hasOlder: more, oldest: start.offset + 1 },
    missing,
  );
  if (before) emit(turn, { type: 'reset', room: id, why: why ?? 'epoch', missing });
}

export const log: Slice = {
  frames: {
    reset: (turn, { room }) => {
      if (isJoined(roomOf(turn, room))) rejoin(turn, room);
    },
  },
  joined: onJoined,
  left: (turn, id) => {
    if (roomOf(turn, id).lists.byType.size === 0) draftPart(turn, id, 'log').position = null;
  },
  userChanged: (turn, id) => {
    draftPart(turn, id, 'log').position = null;
    restartLists(turn, id, [], { hasOlder: false, oldest: null }, null);
  },
};
