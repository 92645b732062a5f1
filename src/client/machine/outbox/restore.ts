// Own messages that outlive their page: taken back from storage, and free to leave once their records are there.
import type { Event, Restored } from '../model/events.js';
import { fail, forsake, isQueued, set } from './queue.js';
import { roomOf, wanted } from '../room/room.js';
import type { Entry, Room, Session } from '../model/state.js';
import { replaced } from '../room/lists.js';
import { edit, type Turn } from '../model/draft.js';

/** Storage is open: its session is ours now, and what waits in it comes before what was sent meanwhile. */
export function restored(turn: Turn, session: Session, messages: readonly Restored[]): void {
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
    const room = edit(turn, roomOf(turn, id));
    for (const [, { seq }] of entries) room.seq = Math.max(room.seq, seq ?? 0);
    room.entries = new Map([...entries, ...room.entries]);
    reread(turn, room);
  }
}

/** What waits in a room is shown as this app's contract reads it. What it cannot read has failed, unless it left already: then the server judges. */
export function reread(turn: Turn, room: Room): void {
  for (const entry of room.entries.values()) {
    if (entry.failure) continue;
    const { type, version, data } = entry;
    const found = turn.read(room.id, type, version, data);
    if (!('code' in found)) set(turn, room, { ...entry, shown: found.data });
    else if (isQueued(entry)) fail(turn, room, entry, found);
  }
}

/**
 * Another user than before: what one wrote is never sent as another, and what one saw is not shown to another. `carry`: what this page wrote, and nobody
 * before it, goes on.
 */
export function disown(turn: Turn, carry: boolean): void {
  for (const before of turn.state.rooms.values()) {
    const room = edit(turn, before);
    const own = Array.from(room.entries.values()).filter(({ settled }) => carry && !settled);
    room.entries = new Map(Array.from(room.entries).filter(([, entry]) => !own.includes(entry)));
    forsake(turn, room, true);
    room.entries = new Map(
      own.map((entry) => [entry.id, { ...entry, seq: null, saved: null, sentOn: 0, left: false }]),
    );
    if (room.phase.status === 'denied') Object.assign(room, { phase: wanted, error: null });
    Object.assign(room, {
      echoes: [],
      members: new Map(),
      position: null,
      lists: replaced(room.lists, [], { hasOlder: false, oldest: null }, null),
    });
  }
}

/** Records are in storage, with these numbers. */
export function stored(turn: Turn, records: Extract<Event, { type: 'stored' }>['records']): void {
  for (const [id, message, seq] of records) {
    const room = turn.state.rooms.get(id);
    const entry = room?.entries.get(message);
    if (room && entry && entry.seq === seq && entry.saved !== seq) set(turn, room, { ...entry, saved: seq });
  }
}
