// The table of contents of the client: what happens on each event, in which order the parts react.
import {
  askAgainAt,
  connect,
  disowned,
  end,
  examine,
  greet,
  lose,
  open,
  ping,
  probe,
  signal,
} from './connection/lifecycle.js';
import { lostAfter, probeTime, volatileLimit, type Context } from './model/context.js';
import type { Effect } from './model/effects.js';
import type { Event } from './model/events.js';
import { frames } from './receive.js';
import { aside, move, moved, stay } from './connection/handover.js';
import { isAnswer } from './connection/heartbeat.js';
import { request } from './room/history.js';
import { reread, restored, stored } from './outbox/restore.js';
import { clientClosed, discard, enqueue, retry } from './outbox/queue.js';
import { pump } from './reconcile.js';
import { isWanted, present, release, retain, roomOf, wanted } from './room/room.js';
import { attemptsOf, type Live } from './model/connection-state.js';
import type { Failure, State } from './model/state.js';
import { releaseList, retainList } from './room/lists.js';
import { ask, edit, write, type Turn } from './model/draft.js';

/** Since when every room is joined again. */
function settle(turn: Turn): void {
  const { state } = turn;
  const { connection } = state;
  if (connection.status !== 'live' || connection.settledAt < Infinity) return;
  for (const room of state.rooms.values())
    if ((room.asked || (room.phase.status !== 'joined' && room.phase.status !== 'denied')) && isWanted(room))
      return;
  // What failed before it got here is over; what ended soon after it got here is not.
  state.retry = { ...state.retry, failures: state.retry.brief };
  moved(turn, { ...connection, settledAt: turn.now });
}

/** What a handover waits for. */
function tickMove(turn: Turn): void {
  const { now, state } = turn;
  const live = (): Live => state.connection as Live;
  if (now >= live().oldUntil) moved(turn, live());
  if (now >= (live().next?.giveUpAt ?? Infinity)) stay(turn, live(), 'no welcome in time');
  if (now >= live().moveAt) move(turn, live());
}

function tickLive(turn: Turn, live: Live): void {
  const { now, config, state } = turn;
  const { attempt, probeUntil } = live;
  if (probeUntil !== null) {
    if (now < probeUntil) return;
    // An alarm this late means that the machine slept or was busy: what the other end said may still wait to be read.
    if (now - probeUntil > probeTime) probe(turn, live);
    else lose(turn, 4000, 'nothing was heard');
    return;
  }
  tickMove(turn);
  if (now >= live.refreshAt) {
    // Until the server says that the token was renewed, it is not: whoever does not answer in time is asked again.
    state.connection = { ...(state.connection as Live), refreshAt: askAgainAt(turn) + config.connectTimeout };
    ask(turn, { type: 'token', attempt });
  }
  if (now >= live.pingAt) ping(turn, state.connection as Live);
}

function tick(turn: Turn): void {
  const { now, config, state } = turn;
  const { connection, signals } = state;
  if ('giveUpAt' in connection) {
    if (now >= connection.giveUpAt) lose(turn, 1006, `no welcome within ${config.connectTimeout} ms`);
  } else if (connection.status === 'waiting') {
    if (now >= connection.retryAt && signals.visible && !signals.frozen) open(turn, {});
  } else if (connection.status === 'live') tickLive(turn, connection);
  const { since, lost } = state.retry;
  if (since !== null && !lost && now >= since + lostAfter) state.retry = { ...state.retry, lost: true };
}

/** Why nothing can be asked of this room for good, or null. */
function barred({ connection, rooms }: State, id: string): Failure | null {
  const room = rooms.get(id);
  return connection.status === 'closed' ? clientClosed : room?.phase.status === 'denied' ? room.error : null;
}

function close(turn: Turn): void {
  // Nobody listens to the browser until the app connects again; then it says anew what is not so.
  turn.state.signals = { online: true, visible: true, frozen: false };
  end(turn);
}

/** What an event does, but for the pump, which follows on `pump`. */
function react(turn: Turn, event: Event): void {
  const { state, now } = turn;
  const { connection } = state;
  switch (event.type) {
    case 'connect':
      return connect(turn);
    case 'close':
      return close(turn);
    case 'reconnect':
      // Whoever asks has a reason to hope, such as another token.
      for (const room of state.rooms.values())
        if (room.phase.status === 'denied') edit(turn, room, { phase: wanted, error: null });
      return connect(turn, 'asked by the app');
    case 'tick':
      examine(turn);
      tick(turn);
      return pump(turn);
    case 'pump':
      return pump(turn);
    case 'opened': {
      if (connection.status !== 'opening') return;
      const { transport, codec } = event;
      state.connection = { ...connection, status: 'greeting', transport, codec };
      return pump(turn, [greet(turn, connection.attempt, event.token)]);
    }
    case 'received':
      if (connection.status === 'live' && event.frames.some(isAnswer))
        state.connection = { ...connection, heardAt: now, probeUntil: null };
      if (connection.status === 'live' || connection.status === 'greeting') frames(turn, event.frames);
      return;
    case 'lost':
      return lose(turn, event.code, event.reason);
    case 'token':
      if (connection.status !== 'live') return;
      if (event.token === null) state.connection = { ...connection, refreshAt: askAgainAt(turn) };
      else write(turn, [{ type: 'auth', token: event.token }]);
      return;
    case 'online':
    case 'offline':
    case 'visible':
    case 'hidden':
    case 'pagehide':
    case 'pageshow':
      return signal(turn, event.type);
    case 'send':
      return enqueue(turn, event.messages, (room) => barred(state, room));
    case 'restored':
      return restored(turn, event.session, event.messages);
    case 'stored':
      return stored(turn, event.records);
    case 'disowned':
      return disowned(turn);
    case 'storage-lost':
      state.durable = false;
      return;
    case 'history':
      return request(turn, event.room, event, barred(state, event.room));
    default:
      return inRoom(turn, event);
  }
}

type RoomEvent = Extract<
  Event,
  {
    type:
      | 'contract'
      | 'retain'
      | 'release'
      | 'list-retain'
      | 'list-release'
      | 'retry'
      | 'discard'
      | 'abort'
      | 'broadcast'
      | 'presence';
  }
>;

/** What an app asks of one room. */
function inRoom(turn: Turn, event: RoomEvent): void {
  const known = turn.state.rooms.get(event.room);
  switch (event.type) {
    case 'contract':
      return known && reread(turn, known);
    case 'retain':
      return retain(turn, roomOf(turn, event.room), event);
    case 'release':
      return known && release(turn, known);
    case 'list-retain':
      if (retainList(turn, roomOf(turn, event.room), event.list, event.limit))
        request(turn, event.room, { ...event, before: null }, null);
      return;
    case 'list-release':
      return known && releaseList(turn, known, event.list);
    case 'retry':
    case 'discard':
    case 'abort': {
      const entry = known?.entries.get(event.id);
      if (known && entry) (event.type === 'retry' ? retry : discard)(turn, known, entry);
      return;
    }
    case 'broadcast': {
      const { message: type, version, data } = event;
      if (
        turn.state.connection.status === 'live' &&
        known?.phase.status === 'joined' &&
        known.volatile.length < volatileLimit
      )
        edit(turn, known).volatile = [...known.volatile, { type, version, data }];
      return;
    }
    case 'presence':
      return present(turn, roomOf(turn, event.room), event);
    default:
      event satisfies never;
  }
}

/**
 * The state after an event, and what the world is asked to do. Pure: the same inputs give the same outputs. An event that means nothing in this state
 * returns the same reference; one that belongs to an earlier attempt always does.
 */
export function transition(
  state: State,
  event: Event,
  context: Context,
): readonly [State, readonly Effect[]] {
  const { connection } = state;
  if ('attempt' in event && !attemptsOf(connection).includes(event.attempt)) return [state, []];
  const { now, random, newSession, config, read } = context;
  const turn: Turn = {
    now,
    random,
    newSession,
    config,
    read,
    state: { ...state },
    effects: [],
    made: new Set(),
  };
  if (connection.status === 'live' && 'attempt' in event && event.attempt !== connection.attempt)
    aside(turn, connection, event);
  else react(turn, event);
  settle(turn);
  for (const key of Object.keys(state) as (keyof State)[])
    if (turn.state[key] !== state[key]) return [turn.state, turn.effects];
  return [state, turn.effects];
}
