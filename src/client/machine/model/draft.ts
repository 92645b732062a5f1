// One event's way through the machine: drafts of the state that may be written to, and what the world is asked for. Lives for one transition and never leaves it.
import type { ClientFrame } from '../../../protocol/frames.js';
import type { Context } from './context.js';
import type { Effect } from './effects.js';
import { attemptOf } from './connection-state.js';
import type { Room, State } from './state.js';

export type Draft<T> = { -readonly [K in keyof T]: T[K] };

export interface Turn extends Context {
  readonly state: Draft<State>;
  readonly effects: Effect[];
  /** Rooms and maps made in this turn: these may be changed, any other is somebody's state. */
  readonly made: Set<object>;
}

export function ask(turn: Turn, effect: Effect): void {
  turn.effects.push(effect);
}

/** Frames for the attempt that is on. */
export function write(turn: Turn, frames: readonly ClientFrame[]): void {
  ask(turn, { type: 'write', attempt: attemptOf(turn.state.connection), frames });
}

/** A copy of a map that may be changed: made once a turn, however often it is asked for. */
export function own<K, V>({ made }: Turn, map: ReadonlyMap<K, V>): Map<K, V> {
  if (made.has(map)) return map as Map<K, V>;
  const copy = new Map(map);
  made.add(copy);
  return copy;
}

/** Puts a room in, as a draft. */
export function put({ made, state }: Turn, rooms: Map<string, Room>, room: Room): Draft<Room> {
  made.add(room);
  state.rooms = rooms.set(room.id, room);
  return room;
}

/** The draft of a room, changed: made once a turn, however often it is asked for. */
export function edit(turn: Turn, { id }: Room, changes?: Partial<Room>): Draft<Room> {
  const { made, state } = turn;
  const room = state.rooms.get(id) as Room;
  return Object.assign(made.has(room) ? room : put(turn, own(turn, state.rooms), { ...room }), changes);
}
