// How a turn changes the state: through drafts, each copied once; and what it asks of the world.
import type { ClientFrame } from '../../../protocol/frames.js';
import { attemptOf, isDoubted, type Live } from './connection-state.js';
import type { Effect } from './effects.js';
import { unusedRoomMs } from './limits.js';
import { newRoom, type Room } from './room-state.js';
import type { Draft, Turn } from './slice.js';
import type { State } from './state.js';

export function emit(turn: Turn, effect: Effect): void {
  turn.effects.push(effect);
}

/** Sends frames on the current attempt. */
export function writeFrames(turn: Turn, frames: readonly ClientFrame[]): void {
  const attempt = attemptOf(turn.state.connection);
  if (attempt !== null) emit(turn, { type: 'write', attempt, frames });
}

/** The connection, if it is live. */
export const liveConnection = ({ connection }: State): Live | null =>
  connection.status === 'live' ? connection : null;

/** The connection, if it is live and not doubted. */
export const workingConnection = ({ connection }: State): Live | null =>
  connection.status === 'live' && !isDoubted(connection) ? connection : null;

/** Calls one function of each slice that has it, as long as the connection works. */
export function callLive(turn: Turn, hook: 'beforeWrite' | 'liveTick'): void {
  for (const call of turn.slices.hooks[hook] ?? []) {
    const live = workingConnection(turn.state);
    if (live) call(turn, live);
  }
}

/**
 * Returns `map` if this turn made it, and otherwise a copy that this turn may change. The caller puts the copy into the
 * state, where later calls of the turn find it.
 */
export function draftMap<K, V>({ ownedObjects }: Turn, map: ReadonlyMap<K, V>): Map<K, V> {
  if (ownedObjects.has(map)) return map as Map<K, V>;
  const copy = new Map(map);
  ownedObjects.add(copy);
  return copy;
}

function draftObject<T extends object>({ ownedObjects }: Turn, object: T): Draft<T> {
  if (ownedObjects.has(object)) return object;
  const copy = { ...object };
  ownedObjects.add(copy);
  return copy;
}

function insertRoom(turn: Turn, room: Room): Draft<Room> {
  turn.ownedObjects.add(room);
  turn.state.rooms = draftMap(turn, turn.state.rooms).set(room.id, room);
  return room;
}

/** The room of an id that is known to be there. Ask again after a change: an earlier answer may be out of date. */
export const roomOf = ({ state }: Turn, id: string): Room => state.rooms.get(id) as Room;

/** Creates the room if it is not there. */
export function ensureRoom(turn: Turn, id: string): void {
  if (!turn.state.rooms.has(id)) insertRoom(turn, newRoom(id, turn.now + unusedRoomMs));
}

/** The draft of a room that is there. */
export function draftRoom(turn: Turn, id: string): Draft<Room> {
  const room = roomOf(turn, id);
  return turn.ownedObjects.has(room) ? room : insertRoom(turn, { ...room });
}

type PartName = 'membership' | 'log' | 'presence' | 'lists' | 'outbox';

/** The draft of one part of a room that is there. */
export function draftPart<K extends PartName>(turn: Turn, id: string, name: K): Draft<Room[K]> {
  const room = draftRoom(turn, id);
  const part = draftObject<Room[K]>(turn, room[name]);
  room[name] = part as Room[K];
  return part;
}

/** Changes one part of a room that is there. */
export function changePart<K extends PartName>(
  turn: Turn,
  id: string,
  name: K,
  changes: Partial<Room[K]>,
): void {
  Object.assign(draftPart(turn, id, name), changes);
}
