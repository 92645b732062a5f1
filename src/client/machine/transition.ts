// The client as a pure function: a state and an event in, the next state and effects out.
import { attemptsOf } from './model/connection-state.js';
import type { Context } from './model/context.js';
import { callLive } from './model/draft.js';
import { callForRooms, callSlices, type AttemptEvent, type Slices, type Turn } from './model/slice.js';
import type { Effect } from './model/effects.js';
import type { Event } from './model/events.js';
import type { State } from './model/state.js';

/** A handler of one type of event, for an event of that type. */
type Handler = (turn: Turn, event: Event) => ReturnType<NonNullable<Slices['events']['close']>>;

function tick(turn: Turn): readonly [] {
  callLive(turn, 'beforeWrite');
  callSlices(turn, 'tick');
  callLive(turn, 'liveTick');
  return [];
}

/** Does what the event means. Returns frames if a reconciliation has to follow. */
function handleEvent(turn: Turn, event: Event): ReturnType<Handler> {
  if (event.type === 'tick') return tick(turn);
  if (event.type === 'pump') return [];
  const { connection } = turn.state;
  if (connection.status === 'live' && 'attempt' in event && event.attempt !== connection.attempt)
    return handleOtherAttempt(turn, event);
  return (turn.slices.events[event.type] as Handler)(turn, event);
}

function handleOtherAttempt(turn: Turn, event: AttemptEvent): ReturnType<Handler> {
  const { connection } = turn.state;
  if (connection.status === 'live') return turn.slices.hooks.otherAttempt?.[0]?.(turn, connection, event);
}

/**
 * True if one of these slices handles the event. Otherwise it has to wait until the code of the connection is there.
 */
export const canHandle = ({ events }: Slices, { type }: Event): boolean =>
  type === 'tick' || type === 'pump' || events[type] !== undefined;

/**
 * The state after an event, and what the world is asked to do. The function is pure: the same inputs give the same
 * outputs. It returns the same state if the event means nothing in it. An event of an earlier attempt never means
 * anything.
 */
export function transition(
  state: State,
  event: Event,
  context: Context,
  slices: Slices,
): readonly [State, readonly Effect[]] {
  if ('attempt' in event && !attemptsOf(state.connection).includes(event.attempt)) return [state, []];
  const { now, random, newSession, config, parse } = context;
  // Each field is named: V8 spreads an object slowly where more fields follow.
  const turn: Turn = {
    now,
    random,
    newSession,
    config,
    parse,
    slices,
    state: { ...state },
    effects: [],
    ownedObjects: new Set(),
  };
  const frames = handleEvent(turn, event);
  if (frames) {
    callForRooms(turn, 'roomTick');
    callSlices(turn, 'write', frames);
  }
  callSlices(turn, 'settle');
  for (const key of Object.keys(state) as (keyof State)[])
    if (turn.state[key] !== state[key]) return [turn.state, turn.effects];
  return [state, turn.effects];
}
