// One room: joining, joined, coming back; its position in the log, and what a batch of entries does to it.
import type { EntryTuple, ServerFrame } from '../../protocol/frames.js';
import { toPosition } from '../../protocol/position.js';
import { linger, staleTime } from './context.js';
import { merged, snapshot } from './presence.js';
import type { Failure, Member, Message, Room } from './state.js';
import { appended, replaced } from './timeline.js';
import { ask, own, setRoom, type Turn } from './turn.js';

/** Due at once: with the next pump. */
export const wanted = { status: 'wanted', at: 0 } as const;

/** The room of this id; one that is new is left a moment later, unless somebody uses it. */
export function roomOf(turn: Turn, id: string): Room {
  return (
    turn.state.rooms.get(id) ??
    setRoom(turn, {
      id, users: 0, leaveAt: turn.now + linger, phase: wanted, joinedOnce: false, position: null, continuity: 'exact', error: null, history: 0,
      lists: new Map(), requests: [], echoes: [], members: new Map(), staleUntil: null, mine: null, patch: null, presenceAt: 0, volatile: [],
      entries: new Map(), seq: 0, kept: new Map(), pausedUntil: 0, restart: false,
    })
  );
}

/** Whether any own message waits to be settled. */
export function isBusy({ entries }: Room): boolean {
  for (const { failure } of entries.values()) if (!failure) return true;
  return false;
}

/** Whether a room is to be joined: somebody uses it or did a moment ago, or something waits to be sent or asked in it. */
export const isWanted = (room: Room): boolean => room.users > 0 || room.leaveAt !== null || room.requests.length > 0 || isBusy(room);

export function retain(turn: Turn, room: Room, history: number, presence: Room['mine']): void {
  const anew = room.phase.status === 'left' || (room.phase.status === 'denied' && room.users === 0);
  const next = setRoom(turn, room, { users: room.users + 1, leaveAt: null, history: Math.max(room.history, history), ...(anew && { phase: wanted, error: null }) });
  if (presence) present(turn, next, { ...presence, ...room.mine });
}

export function release(turn: Turn, room: Room): void {
  const users = Math.max(0, room.users - 1);
  setRoom(turn, room, { users, leaveAt: users ? null : turn.now + linger });
}

/** Own presence changed: the last value of a key wins, what is due goes out at most every 50 ms. */
export function present(turn: Turn, room: Room, patch: Readonly<Record<string, unknown>>): void {
  const news = Object.fromEntries(Object.entries(patch).filter(([key, value]) => value !== undefined && !Object.is(value, room.mine?.[key])));
  if (!room.mine || Object.keys(news).length) setRoom(turn, room, { mine: merged(room.mine, news), patch: merged(room.patch, news) });
}

/** The connection is gone: the others are kept for a while, as the last that was known. */
export function disconnected(turn: Turn, room: Room): void {
  setRoom(turn, room, {
    phase: room.phase.status === 'denied' || room.phase.status === 'left' ? room.phase : wanted,
    requests: room.requests.map((request) => ({ ...request, sentOn: 0 })),
    volatile: [],
    members: new Map(Array.from(room.members, ([id, member]) => [id, { ...member, stale: true }])),
    staleUntil: room.members.size ? (room.staleUntil ?? turn.now + staleTime) : null,
  });
}

/** Entries as messages; those this end cannot read become reports, and never a crash. */
export function readAll(turn: Turn, room: Room, entries: readonly EntryTuple[]): readonly Message[] {
  return entries.flatMap(([offset, , , id, timestamp, sender, type, version, data]): readonly Message[] => {
    const read = turn.read(room.id, type, version, data);
    if ('code' in read) {
      ask(turn, { type: 'report', room: room.id, failure: read });
      return [];
    }
    return [{ id, room: room.id, type, data: read.data, offset, timestamp, sender: sender && authorOf(room, sender) }];
  });
}

/** A sender as the member it is, or was. */
export const authorOf = ({ members }: Room, [id, user]: NonNullable<EntryTuple[5]>): Member => members.get(id) ?? { id, user: user ?? null, presence: null };

/** Own messages that the log has shown are in the lists by the log now. */
function seen(turn: Turn, room: Room, entries: readonly EntryTuple[]): Partial<Room> {
  const self = turn.state.self?.member;
  const ids = new Set(entries.flatMap(([, , , id, , sender]) => (sender?.[0] === self ? [id] : [])));
  if (ids.size === 0) return {};
  let mine = room.entries;
  for (const id of ids) {
    const entry = mine.get(id);
    if (entry && !entry.seen) mine = own(turn, mine).set(id, { ...entry, seen: true });
  }
  return { entries: mine, echoes: room.echoes.filter(({ id }) => !ids.has(id)) };
}

/**
 * A batch from the log. The position moves first. An entry already seen is dropped; one that does not link to the position is a hole: nothing is
 * delivered past it, and the room joins again from where it stands.
 */
export function received(turn: Turn, room: Room, entries: readonly EntryTuple[]): void {
  if (room.phase.status !== 'joined' || !room.position) return;
  let { epoch, offset, tag } = room.position;
  const linked: EntryTuple[] = [];
  let hole = false;
  for (const entry of entries) {
    if (entry[0] < offset || (entry[0] === offset && entry[1] === tag)) continue;
    hole = entry[0] !== offset + 1 || entry[2] !== tag;
    if (hole) break;
    [offset, tag] = entry;
    linked.push(entry);
  }
  if (!hole && linked.length === 0) return;
  const messages = readAll(turn, room, linked);
  setRoom(turn, room, {
    position: { epoch, offset, tag },
    lists: appended(room.lists, messages),
    ...seen(turn, room, linked),
    ...(hole && { phase: wanted, continuity: 'gap' }),
  });
  if (messages.length) ask(turn, { type: 'deliver', room: room.id, messages });
}

/** Takes a room in as the server has it. Either everything after our position follows, or the lists start anew. */
export function joined(turn: Turn, before: Room, frame: Extract<ServerFrame, { type: 'joined' }>): Room {
  const base = toPosition(frame.position);
  const old = before.position;
  const last = frame.messages.at(-1);
  const here: Partial<Room> = { phase: { status: 'joined' }, joinedOnce: true, error: null, members: snapshot(before.members, frame.members ?? []), staleUntil: null };
  if (old && frame.recovered && base.epoch === old.epoch && base.offset === old.offset && base.tag === old.tag) {
    received(turn, setRoom(turn, before, { ...here, continuity: 'recovered' }), frame.messages);
    return roomOf(turn, before.id);
  }
  const position = last ? { epoch: base.epoch, offset: last[0], tag: last[1] } : base;
  const room = setRoom(turn, before, { ...here, ...seen(turn, before, frame.messages), position, continuity: old ? 'reset' : 'exact' });
  const missing = old?.epoch === base.epoch && base.offset > old.offset ? ([old.offset + 1, base.offset] as const) : null;
  if (old) ask(turn, { type: 'reset', room: room.id, why: frame.why ?? 'epoch', missing });
  return setRoom(turn, room, { lists: replaced(room.lists, readAll(turn, room, frame.messages), frame.more, missing) });
}

export function denied(turn: Turn, room: Room, failure: Failure): Room {
  return setRoom(turn, room, { phase: { status: 'denied' }, error: failure, members: new Map(), staleUntil: null, volatile: [] });
}
