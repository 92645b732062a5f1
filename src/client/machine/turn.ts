// One event's way through the machine: the state as it becomes, and what the world is asked for. Lives for one transition and never leaves it.
import type { Context } from './context.js';
import type { Effect } from './effects.js';
import type { Room, State } from './state.js';

export interface Turn extends Context {
  state: State;
  readonly effects: Effect[];
  /** Maps made in this turn: these may be changed, any other is somebody's state. */
  readonly made: WeakSet<object>;
}

export const newTurn = (state: State, context: Context): Turn => ({ ...context, state, effects: [], made: new WeakSet() });

export function change(turn: Turn, fields: Partial<State>): void {
  turn.state = { ...turn.state, ...fields };
}

export function ask(turn: Turn, effect: Effect): void {
  turn.effects.push(effect);
}

/** A copy of a map that may be changed: made once a turn, however often it is asked for. */
export function own<K, V>({ made }: Turn, map: ReadonlyMap<K, V>): Map<K, V> {
  if (made.has(map)) return map as Map<K, V>;
  const copy = new Map(map);
  made.add(copy);
  return copy;
}

/** A room as it becomes. */
export function setRoom(turn: Turn, room: Room, fields?: Partial<Room>): Room {
  const next = fields ? { ...room, ...fields } : room;
  change(turn, { rooms: own(turn, turn.state.rooms).set(room.id, next) });
  return next;
}
