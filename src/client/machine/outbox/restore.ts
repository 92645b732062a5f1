// Own messages that outlive their page: read back from storage, and free to be sent once their records are written.
import { draftPart, ensureRoom, roomOf } from '../model/draft.js';
import type { EventOf, Slice, Turn } from '../model/slice.js';
import { isQueued, type Entry } from '../model/entry.js';
import { markFailed, putEntry } from './entries.js';

/** Storage is open: its session is the client's now, and its messages come before those that were sent meanwhile. */
function onRestored(turn: Turn, { session, messages }: EventOf<'restored'>): void {
  const { state } = turn;
  state.session = session;
  state.durable = true;
  const byRoom = new Map<string, [string, Entry][]>();
  for (const { room, entry } of messages) {
    const entries = byRoom.get(room);
    if (entries) entries.push([entry.id, entry]);
    else byRoom.set(room, [[entry.id, entry]]);
  }
  for (const [id, entries] of byRoom) {
    ensureRoom(turn, id);
    const outbox = draftPart(turn, id, 'outbox');
    for (const [, { seq }] of entries) outbox.lastSeq = Math.max(outbox.lastSeq, seq ?? 0);
    outbox.entries = new Map([...entries, ...outbox.entries]);
    parseAgain(turn, id);
  }
}

/**
 * Shows the messages of a room as this app's contract reads them. A message that it cannot read has failed, unless it
 * may have been sent already: then the server decides.
 */
function parseAgain(turn: Turn, id: string): void {
  for (const entry of roomOf(turn, id).outbox.entries.values()) {
    if (entry.failure) continue;
    const { type, version, data } = entry;
    const parsed = turn.parse(id, type, version, data);
    if (!('code' in parsed)) putEntry(turn, id, { ...entry, displayData: parsed.data });
    else if (isQueued(entry)) markFailed(turn, id, entry, parsed);
  }
}

/** Records of these messages are in storage, with these seqs. */
function onStored(turn: Turn, { records }: EventOf<'stored'>): void {
  for (const [id, messageId, seq] of records) {
    const entry = turn.state.rooms.get(id)?.outbox.entries.get(messageId);
    if (entry && entry.seq === seq && entry.storedSeq !== seq)
      putEntry(turn, id, { ...entry, storedSeq: seq });
  }
}

export const restore: Slice = {
  events: {
    restored: onRestored,
    stored: onStored,
    'storage-lost': ({ state }) => {
      state.durable = false;
    },
    contract: (turn, { room }) => {
      if (turn.state.rooms.has(room)) parseAgain(turn, room);
    },
  },
};
