// One room: joining, joined, coming back; its position in the log, and what a batch of entries does to it.
import type { EntryTuple, ServerFrame } from '../../../protocol/frames.js';
import { toPosition } from '../../../protocol/position.js';
import { joinInterval, linger, staleTime } from '../model/context.js';
import { merged, snapshot } from './presence.js';
import { emptyQueue } from '../model/shared-queue.js';
import type { Failure, Member, Message, Room } from '../model/state.js';
import type { Event as AnyEvent } from '../model/events.js';
import { appended, replaced } from './lists.js';
import { ask, edit, own, put, type Turn } from '../model/draft.js';

/** Due at once: with the next pump. */
export const wanted = { status: 'wanted', at: 0 } as const;

/** The room of this id; one that is new is not joined before somebody uses it, and forgotten a moment later where nobody does. */
export const roomOf = (turn: Turn, id: string): Room =>
  turn.state.rooms.get(id) ??
  put(turn, own(turn, turn.state.rooms), {
    id,
    users: 0,
    leaveAt: turn.now + linger,
    phase: { status: 'left' },
    joinedAt: 0,
    position: null,
    asked: null,
    continuity: 'exact',
    error: null,
    history: 0,
    lists: new Map(),
    requests: [],
    echoes: [],
    members: new Map(),
    staleUntil: null,
    mine: null,
    shown: null,
    patch: null,
    presenceAt: 0,
    volatile: [],
    entries: new Map(),
    seq: 0,
    kept: emptyQueue(),
    base: 0,
    gone: new Set(),
    pausedUntil: 0,
  });

/** Whether any own message waits to be settled. */
export function isBusy({ entries }: Room): boolean {
  for (const { failure } of entries.values()) if (!failure) return true;
  return false;
}

/** Whether a room is to be joined: somebody uses it or did a moment ago, or something waits to be sent or asked in it. */
export const isWanted = (room: Room): boolean =>
  room.users > 0 ||
  (room.leaveAt !== null && room.phase.status !== 'left') ||
  room.requests.length > 0 ||
  isBusy(room);

type Event<T> = Extract<AnyEvent, { type: T }>;

export function retain(turn: Turn, before: Room, { history, presence, shown }: Event<'retain'>): void {
  const room = edit(turn, before);
  const { status } = room.phase;
  if (status === 'left' || (status === 'denied' && room.users === 0))
    Object.assign(room, { phase: wanted, error: null });
  // Another user's presence stays as it became; nobody's is old.
  if (presence) present(turn, room, { patch: room.users ? { ...presence, ...room.mine } : presence, shown });
  room.users++;
  room.leaveAt = null;
  room.history = Math.max(room.history, history);
}

export function release(turn: Turn, before: Room): void {
  const room = edit(turn, before);
  room.users = Math.max(0, room.users - 1);
  if (!room.users) room.leaveAt = turn.now + linger;
}

/** Own presence changed, to what its contract makes of it (`shown`): the last value of a key wins, what is due goes out at most every 50 ms. */
export function present(
  turn: Turn,
  before: Room,
  { patch, shown }: Pick<Event<'presence'>, 'patch' | 'shown'>,
): void {
  const news = Object.entries(patch).filter(([key, value]) => !Object.is(value, before.mine?.[key]));
  if (before.mine && news.length === 0) return;
  const room = edit(turn, before);
  room.mine = merged(room.mine, patch);
  room.shown = shown ?? room.mine;
  room.patch = { ...room.patch, ...Object.fromEntries(news) };
}

/** The connection is gone: the others are kept for a while, as the last that was known. */
export function disconnected(turn: Turn, before: Room): void {
  const room = edit(turn, before);
  if (room.phase.status !== 'denied' && room.phase.status !== 'left') room.phase = wanted;
  room.asked = null;
  room.requests = room.requests.map((request) => ({ ...request, sentOn: 0 }));
  room.volatile = [];
  if (room.members.size) room.staleUntil ??= turn.now + staleTime;
  room.members = new Map(Array.from(room.members, ([id, member]) => [id, { ...member, stale: true }]));
}

/** Entries as messages; those this end cannot read become reports, and never a crash. */
export function readAll(
  turn: Turn,
  { id: room, members }: Room,
  entries: readonly EntryTuple[],
): readonly Message[] {
  const messages: Message[] = [];
  for (const [offset, , , id, timestamp, sender, type, version, raw] of entries) {
    const found = read(turn, room, type, version, raw);
    if (found)
      messages.push({
        id,
        room,
        type,
        data: found.data,
        offset,
        timestamp,
        sender: sender && authorOf(members, sender),
      });
  }
  return messages;
}

/** A payload as this end's contract reads it, or null and a report. */
export function read(
  turn: Turn,
  room: string,
  type: string,
  version: number,
  raw: unknown,
): { readonly data: unknown } | null {
  const found = turn.read(room, type, version, raw);
  if (!('code' in found)) return { data: found.data };
  ask(turn, { type: 'report', room, failure: found });
  return null;
}

/** A sender as the member it is, or was; `presence` is what it shows where it is no member yet. */
export const authorOf = (
  members: Room['members'],
  [id, user]: NonNullable<EntryTuple[5]>,
  presence: unknown = null,
): Member => members.get(id) ?? { id, user: user ?? null, presence };

/** Entries that follow the position are taken: it moves, the lists have them, and own messages among them are in the lists by the log now. */
function take(turn: Turn, before: Room, entries: readonly EntryTuple[]): readonly Message[] {
  const room = edit(turn, before);
  const last = entries.at(-1);
  if (last && room.position) room.position = { epoch: room.position.epoch, offset: last[0], tag: last[1] };
  const mine = new Set<string>();
  for (const [, , , id, , sender] of entries) {
    if (sender?.[0] !== turn.state.self?.member) continue;
    mine.add(id);
    const entry = room.entries.get(id);
    // One that was in doubt is no longer.
    if (entry?.failure) {
      const entries = own(turn, room.entries);
      entries.delete(id);
      room.entries = entries;
    } else if (entry) room.entries = own(turn, room.entries).set(id, { ...entry, seen: true });
  }
  if (room.echoes.length) room.echoes = room.echoes.filter(({ id }) => !mine.has(id));
  return readAll(turn, room, entries);
}

/**
 * A batch from the log. The position moves first. An entry already seen is dropped; one that does not link to the position is a hole: nothing is
 * delivered past it, and the room joins again from where it stands.
 */
export function received(turn: Turn, before: Room, entries: readonly EntryTuple[]): void {
  if (before.phase.status !== 'joined' || !before.position) return;
  let { offset, tag } = before.position;
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
  const messages = take(turn, before, linked);
  const room = edit(turn, before);
  room.lists = appended(room.lists, messages);
  // What the next connection is asked for holds it.
  if (hole && !room.asked) mustRejoin(turn, room);
  if (messages.length) ask(turn, { type: 'deliver', room: room.id, messages });
}

/** Not all is known: join again, and learn what is missing. A log that is broken for good is not asked again and again. */
export function mustRejoin(turn: Turn, room: Room): void {
  edit(turn, room, {
    phase: { status: 'wanted', at: room.joinedAt + joinInterval },
    asked: null,
    continuity: 'gap',
  });
}

/** Takes a room in as the server has it. Either everything after our position follows, or the lists start anew. */
export function joined(
  turn: Turn,
  before: Room,
  { position, recovered, why, messages, members, more }: Extract<ServerFrame, { type: 'joined' }>,
): void {
  const room = edit(turn, before);
  const base = toPosition(position);
  const old = room.position;
  const asked = room.asked ?? old;
  Object.assign(room, {
    phase: { status: 'joined' },
    asked: null,
    joinedAt: turn.now,
    error: null,
    members: snapshot(room.members, members ?? []),
    staleUntil: null,
  });
  if (
    asked &&
    recovered &&
    base.epoch === asked.epoch &&
    base.offset === asked.offset &&
    base.tag === asked.tag
  ) {
    room.continuity = 'recovered';
    received(turn, room, messages);
    return;
  }
  const missing =
    old?.epoch === base.epoch && base.offset > old.offset ? ([old.offset + 1, base.offset] as const) : null;
  room.position = base;
  room.continuity = old ? 'reset' : 'exact';
  room.lists = replaced(
    room.lists,
    take(turn, room, messages),
    { hasOlder: more, oldest: base.offset + 1 },
    missing,
  );
  if (old) ask(turn, { type: 'reset', room: room.id, why: why ?? 'epoch', missing });
}

export function denied(turn: Turn, room: Room, error: Failure): void {
  edit(turn, room, {
    phase: { status: 'denied' },
    error,
    members: new Map(),
    staleUntil: null,
    volatile: [],
    asked: null,
  });
}
