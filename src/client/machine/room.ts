// One room: joining, joined, coming back; its position in the log, and what a batch of entries does to it.
import type { EntryTuple, ServerFrame } from '../../protocol/frames.js';
import { toPosition } from '../../protocol/position.js';
import { linger, presenceInterval, staleTime, type Context } from './context.js';
import type { Effect } from './effects.js';
import { isBusy, type Acked } from './outbox.js';
import { diffed, merged, snapshot, stale } from './presence.js';
import type { Failure, Member, Message, Room, RoomOutbox } from './state.js';
import { appended, everyType, replaced } from './timeline.js';

export type RoomChange = readonly [Room, readonly Effect[]];

/** A room nobody uses yet: it is left a moment later, unless somebody does. */
export function newRoom(id: string, now: number): Room {
  return {
    id, users: 0, leaveAt: now + linger, phase: { status: 'wanted', at: 0 }, joinedOnce: false, position: null, continuity: 'exact', error: null, history: 0,
    lists: new Map(), requests: [], echoes: [], members: new Map(), staleUntil: null, mine: null, patch: null, presenceAt: 0, volatile: [],
  };
}

/** Whether a room is to be joined: somebody uses it or did a moment ago, or something waits to be sent or asked in it. */
export const isWanted = (room: Room, outbox: RoomOutbox | undefined): boolean => room.users > 0 || room.leaveAt !== null || room.requests.length > 0 || isBusy(outbox);

export function retained(room: Room, history: number, presence: Room['mine']): Room {
  const users = { ...room, users: room.users + 1, leaveAt: null, history: Math.max(room.history, history) };
  const again: Room = room.phase.status === 'denied' && room.users === 0 ? { ...users, phase: { status: 'wanted', at: 0 }, error: null } : users;
  return presence ? presented(again, room.mine ? { ...presence, ...room.mine } : presence) : again;
}

export function released(room: Room, now: number): Room {
  const users = Math.max(0, room.users - 1);
  return { ...room, users, leaveAt: users === 0 ? now + linger : null };
}

/** Own presence changed: the last value of a key wins, what is due goes out at most every 50 ms. */
export function presented(room: Room, patch: Readonly<Record<string, unknown>>): Room {
  return { ...room, mine: merged(room.mine, patch), patch: merged(room.patch, patch) };
}

export const presenceSent = (room: Room, now: number): Room => ({ ...room, patch: null, presenceAt: now + presenceInterval });

/** The connection is gone: the others are kept for a while, as the last that was known. */
export function disconnected(room: Room, now: number): Room {
  const phase = room.phase.status === 'denied' ? room.phase : ({ status: 'wanted', at: 0 } as const);
  const requests = room.requests.map((request) => (request.sentOn === 0 ? request : { ...request, sentOn: 0 }));
  return { ...room, phase, requests, volatile: [], members: stale(room.members), staleUntil: room.members.size ? (room.staleUntil ?? now + staleTime) : null };
}

export const withoutStale = (room: Room): Room => ({ ...room, staleUntil: null, members: new Map(Array.from(room.members).filter(([, member]) => !member.stale)) });

function messageOf(room: Room, entry: EntryTuple, context: Context): Message | Failure {
  const [offset, , , id, timestamp, sender, type, version, data] = entry;
  const read = context.read(room.id, type, version, data);
  if ('code' in read) return read;
  const author: Member | null = sender ? (room.members.get(sender[0]) ?? { id: sender[0], user: sender[1] ?? null, presence: null }) : null;
  return { id, room: room.id, type, data: read.data, offset, timestamp, sender: author };
}

/** Entries as messages; those this end cannot read become reports, and never a crash. */
export function readAll(room: Room, entries: readonly EntryTuple[], context: Context): readonly [Message[], Effect[]] {
  const messages: Message[] = [];
  const effects: Effect[] = [];
  for (const entry of entries) {
    const message = messageOf(room, entry, context);
    if ('code' in message) effects.push({ type: 'report', room: room.id, failure: message });
    else messages.push(message);
  }
  return [messages, effects];
}

const withoutEchoes = (room: Room, messages: readonly Message[]): readonly Message[] => {
  if (room.echoes.length === 0) return room.echoes;
  const ids = new Set(messages.map(({ id }) => id));
  return room.echoes.filter(({ id }) => !ids.has(id));
};

/**
 * A batch from the log. The position moves first. An entry already seen is dropped; one that does not link to the position is a hole: nothing is
 * delivered past it, and the room joins again from where it stands.
 */
export function received(room: Room, entries: readonly EntryTuple[], context: Context): RoomChange {
  if (room.phase.status !== 'joined' || !room.position) return [room, []];
  let { epoch, offset, tag } = room.position;
  const linked: EntryTuple[] = [];
  let hole = false;
  for (const entry of entries) {
    const repeated = entry[0] <= offset && (entry[0] !== offset || entry[1] === tag);
    if (repeated) continue;
    if (entry[0] !== offset + 1 || entry[2] !== tag) {
      hole = true;
      break;
    }
    [offset, tag] = entry;
    linked.push(entry);
  }
  if (!hole && linked.length === 0) return [room, []];
  const [messages, reports] = readAll(room, linked, context);
  const next: Room = {
    ...room,
    position: { epoch, offset, tag },
    lists: messages.length ? appended(room.lists, messages) : room.lists,
    echoes: withoutEchoes(room, messages),
    ...(hole ? { phase: { status: 'wanted', at: 0 }, continuity: 'gap' as const } : {}),
  };
  return [next, messages.length ? [...reports, { type: 'deliver', room: room.id, messages }] : reports];
}

export function joined(room: Room, frame: Extract<ServerFrame, { type: 'joined' }>, attempt: number, context: Context): RoomChange {
  const base = toPosition(frame.position);
  const before = room.position;
  const members = frame.members ? snapshot(room.members, frame.members) : new Map<string, Member>();
  const here: Room = { ...room, phase: { status: 'joined', attempt }, joinedOnce: true, error: null, members, staleUntil: null };
  if (before && frame.recovered && base.epoch === before.epoch && base.offset === before.offset && base.tag === before.tag) {
    const resumed: Room = { ...here, continuity: 'recovered' };
    return received(resumed, frame.messages, context);
  }
  const last = frame.messages.at(-1);
  const [messages, reports] = readAll(here, frame.messages, context);
  const position = last ? { epoch: base.epoch, offset: last[0], tag: last[1] } : base;
  const first: Room = { ...here, position, echoes: withoutEchoes(room, messages), continuity: before ? 'reset' : 'exact' };
  if (!before) return [{ ...first, lists: replaced(room.lists, messages, frame.more, null) }, reports];
  const missing = before.epoch === base.epoch && base.offset > before.offset ? ([before.offset + 1, base.offset] as const) : null;
  return [
    { ...first, lists: replaced(room.lists, messages, frame.more, missing) },
    [...reports, { type: 'reset', room: room.id, why: frame.why ?? 'epoch', missing }],
  ];
}

/** The server says that the room's log is not what it was: join again, and learn what is missing. */
export const mustRejoin = (room: Room): Room => (room.phase.status === 'joined' ? { ...room, phase: { status: 'wanted', at: 0 }, continuity: 'gap' } : room);

export function denied(room: Room, failure: Failure): Room {
  return { ...room, phase: { status: 'denied' }, error: failure, members: new Map(), staleUntil: null, volatile: [] };
}

export const presenceChanged = (room: Room, frame: Extract<ServerFrame, { type: 'presence' }>): Room =>
  room.phase.status === 'joined' ? { ...room, members: diffed(room.members, frame) } : room;

/** Own messages that are acknowledged, but that the log has not shown yet: they stay in the list meanwhile. */
export function echoed(room: Room, acked: readonly Acked[], self: Member | null): Room {
  const offset = room.position?.offset ?? 0;
  const waiting = acked.filter(({ entry, offset: at }) => !entry.seen && at !== null && at > offset);
  if (waiting.length === 0 || room.phase.status !== 'joined') return room;
  const echoes = waiting.map(({ entry, offset: at, timestamp }): Message => ({ id: entry.id, room: room.id, type: entry.type, data: entry.shown, offset: at, timestamp, sender: self, status: 'sent' }));
  return { ...room, echoes: [...room.echoes, ...echoes] };
}

export function listRetained(room: Room, key: string, limit: number): Room {
  const list = room.lists.get(key);
  if (list) return { ...room, lists: new Map(room.lists).set(key, { ...list, users: list.users + 1, limit: Math.max(list.limit, limit) }) };
  const whole = room.lists.get(everyType);
  const known = whole && key !== everyType ? whole.messages.filter((message) => message.type === key) : [];
  const fresh = { users: 1, limit, messages: known.slice(-limit), hasOlder: whole?.hasOlder ?? false, loading: false, gap: null };
  return { ...room, lists: new Map(room.lists).set(key, fresh) };
}

export function listReleased(room: Room, key: string): Room {
  const list = room.lists.get(key);
  if (!list) return room;
  const lists = new Map(room.lists);
  if (list.users > 1) lists.set(key, { ...list, users: list.users - 1 });
  else lists.delete(key);
  return { ...room, lists };
}
