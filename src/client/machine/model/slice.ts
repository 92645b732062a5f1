// A slice is one concern of the machine, with all its phases: events, frames, deadlines, and what it has to tell the
// server.
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.js';
import type { Live } from './connection-state.js';
import type { Context } from './context.js';
import type { Effect } from './effects.js';
import type { Event } from './events.js';
import type { Room } from './room-state.js';
import type { Failure } from './message.js';
import type { State } from './state.js';

export type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** One event's way through the machine. It lives for one transition. */
export interface Turn extends Context {
  readonly state: Draft<State>;
  readonly effects: Effect[];
  readonly slices: Slices;
  /** Objects that this turn created: only these are changed, any other belongs to an earlier state. */
  readonly ownedObjects: Set<object>;
}

export type EventOf<T extends Event['type']> = Event extends infer E
  ? E extends { readonly type: infer U }
    ? T extends U
      ? E
      : never
    : never
  : never;

export type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

/** An event of a socket or of a token request. */
export type AttemptEvent = Extract<Event, { attempt: number }>;

/** Messages in flight on one connection. */
export interface InFlight {
  count: number;
  bytes: number;
}

/** The frames of one write. */
export interface Writing {
  readonly live: Live;
  readonly frames: ClientFrame[];
  /** Counted when the first room asks for it, since it counts messages of all rooms. */
  inFlight: InFlight | null;
}

export interface Slice {
  /**
   * Each type of event has one slice that handles it. A handler that returns frames asks for a reconciliation: the
   * frames are written, and behind them those that make the server agree with the state.
   */
  readonly events?: {
    readonly [T in Event['type']]?: (turn: Turn, event: EventOf<T>) => readonly ClientFrame[] | void;
  };
  /** Each type of frame has one slice that handles it. */
  readonly frames?: { readonly [T in ServerFrame['type']]?: (turn: Turn, frame: FrameOf<T>) => void };

  /** The next moment at which `tick` has something to do; Infinity if there is none. */
  readonly deadline?: (state: State) => number;
  /** Does what is due. Afterwards `deadline` is later than now. */
  readonly tick?: (turn: Turn) => void;
  /** The same, called only while there is a live connection that is not doubted. */
  readonly liveDeadline?: (live: Live) => number;
  readonly liveTick?: (turn: Turn, live: Live) => void;
  /** The same for one room, with or without a connection. `roomTick` comes before each reconciliation. */
  readonly roomDeadline?: (room: Room, state: State) => number;
  readonly roomTick?: (turn: Turn, id: string) => void;
  /** The next moment at which `reconcile` has something to add for this room. Called only for rooms that can send. */
  readonly sendDeadline?: (room: Room) => number;

  /** Called before anything is written on a connection that is not doubted: it may have become useless meanwhile. */
  readonly beforeWrite?: (turn: Turn, live: Live) => void;
  /** Adds the frames that make the server agree with the state of a room that is joined. */
  readonly reconcile?: (turn: Turn, id: string, writing: Writing) => void;
  /** Writes frames, and behind them all that `reconcile` adds. One slice does it. */
  readonly write?: (turn: Turn, frames: readonly ClientFrame[]) => void;
  /** A signal of the browser makes a live connection doubtful. */
  readonly doubted?: (turn: Turn) => void;
  /** An event of another attempt than the live connection's, during a handover. */
  readonly otherAttempt?: (turn: Turn, live: Live, event: AttemptEvent) => readonly ClientFrame[] | void;
  /** Called at the end of each transition. */
  readonly settle?: (turn: Turn) => void;

  // What happens to a room.
  /** A join is sent, for the first time on this connection or for the move to the next one. */
  readonly joining?: (turn: Turn, id: string) => void;
  readonly joined?: (turn: Turn, id: string, frame: FrameOf<'joined'>) => void;
  /** The room is left, and kept because it holds messages or lists. */
  readonly left?: (turn: Turn, id: string) => void;
  readonly denied?: (turn: Turn, id: string, failure: Failure) => void;
  /** The connection that served the room is gone. */
  readonly connectionLost?: (turn: Turn, id: string) => void;
  /** The session gets a new key: the seqs that were given end with it. */
  readonly sessionReplaced?: (turn: Turn, id: string) => void;
  /** The client has another user than before. With `keepOwn`, messages that this page sent go on as the new user's. */
  readonly userChanged?: (turn: Turn, id: string, keepOwn: boolean) => void;
  /** The client is closed, until the app connects again. */
  readonly closed?: (turn: Turn, id: string) => void;
}

type Handlers<K extends 'events' | 'frames'> = NonNullable<Slice[K]>;

/** The functions of a slice, besides its tables. */
type Hook = Exclude<keyof Slice, 'events' | 'frames'>;
type FunctionOf<K extends Hook> = NonNullable<Slice[K]>;

/**
 * Slices, taken apart: the handlers of all of them in one table for events and one for frames, and for each hook the
 * functions that there are, in order. A call through each slice would look for the hook in many objects of different
 * shapes, at each event.
 */
export interface Slices {
  readonly events: Handlers<'events'>;
  readonly frames: Handlers<'frames'>;
  readonly hooks: { readonly [K in Hook]?: readonly FunctionOf<K>[] };
}

export function combineSlices(...all: readonly Slice[]): Slices {
  const combined = { events: {}, frames: {}, hooks: {} as Record<string, unknown[]> };
  for (const { events, frames, ...functions } of all) {
    Object.assign(combined.events, events);
    Object.assign(combined.frames, frames);
    for (const [name, call] of Object.entries(functions)) (combined.hooks[name] ??= []).push(call);
  }
  return combined as Slices;
}

type MoreOf<K extends Hook> =
  FunctionOf<K> extends (turn: Turn, ...more: infer More) => unknown ? More : never;
type AnyFunction = (turn: Turn, first?: unknown, second?: unknown) => unknown;

/** Calls one function of each slice that has it. */
export function callSlices<K extends Hook>(turn: Turn, hook: K, ...more: MoreOf<K>): void;
export function callSlices(turn: Turn, hook: Hook, first?: unknown, second?: unknown): void {
  for (const call of (turn.slices.hooks[hook] as readonly AnyFunction[] | undefined) ?? [])
    call(turn, first, second);
}

type RoomHook = 'roomTick' | 'connectionLost' | 'sessionReplaced' | 'userChanged' | 'closed';
type AfterId<More> = More extends [string, ...infer Rest] ? Rest : never;

/** The same for each room. */
export function callForRooms<K extends RoomHook>(turn: Turn, hook: K, ...more: AfterId<MoreOf<K>>): void;
export function callForRooms(turn: Turn, hook: RoomHook, more?: unknown): void {
  const calls = (turn.slices.hooks[hook] as readonly AnyFunction[] | undefined) ?? [];
  for (const id of turn.state.rooms.keys()) for (const call of calls) call(turn, id, more);
}
