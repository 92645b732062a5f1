// The table of contents of the client: what happens on each event, in which order the parts react.
import { attemptOf, end, lose, move, open, probe, wake, type Step } from './connection.js';
import { lostAfter, probeTime, volatileLimit, type Context } from './context.js';
import type { Effect } from './effects.js';
import type { Event } from './events.js';
import { frames } from './frames.js';
import { heard } from './heartbeat.js';
import { requested, unanswered } from './history.js';
import { discard, enqueue, expire, giveUp, interrupted, retry } from './outbox.js';
import { pump } from './pump.js';
import { disconnected, isWanted, listReleased, listRetained, newRoom, presented, released, retained, withoutStale } from './room.js';
import type { Failure, Room, State } from './state.js';

const withRoom = (state: State, id: string, now: number, change: (room: Room) => Room): State => {
  const room = state.rooms.get(id) ?? newRoom(id, now);
  const next = change(room);
  return state.rooms.get(id) === next ? state : { ...state, rooms: new Map(state.rooms).set(id, next) };
};

const ifRoom = (state: State, id: string, change: (room: Room) => Room): State => (state.rooms.has(id) ? withRoom(state, id, 0, change) : state);

const mapRooms = (state: State, change: (room: Room) => Room): State => {
  let rooms: Map<string, Room> | null = null;
  for (const [id, room] of state.rooms) {
    const next = change(room);
    if (next !== room) (rooms ??= new Map(state.rooms)).set(id, next);
  }
  return rooms ? { ...state, rooms } : state;
};

/** A changed session key: the numbers of the old one mean nothing to the new one, so what left under them is in doubt. */
function renewed(before: State, [state, effects]: Step): Step {
  if (state.session === before.session) return [state, effects];
  const [outbox, settled] = giveUp(state.outbox, 'left');
  return [{ ...state, outbox }, [...effects, ...settled]];
}

/** What rooms and outbox do when a step took the connection away. */
function parted(before: State, step: Step, now: number): Step {
  const [state, effects] = renewed(before, step);
  const was = before.connection;
  if (was === state.connection || (was.status !== 'live' && was.status !== 'greeting') || attemptOf(state.connection) === was.attempt) return [state, effects];
  return [mapRooms({ ...state, outbox: interrupted(state.outbox) }, (room) => disconnected(room, now)), effects];
}

/** Once every room is joined again, the backoff starts anew. */
function settled(state: State): State {
  const { connection } = state;
  if (connection.status !== 'live' || connection.settled) return state;
  for (const room of state.rooms.values()) {
    const back = room.phase.status === 'joined' || room.phase.status === 'denied' || !isWanted(room, state.outbox.rooms.get(room.id));
    if (!back) return state;
  }
  return { ...state, connection: { ...connection, settled: true }, retry: { ...state.retry, failures: 0 } };
}

/** What time does to a connection. */
function tickConnection(state: State, context: Context): Step {
  const { connection, signals } = state;
  const { now, config } = context;
  switch (connection.status) {
    case 'opening':
    case 'greeting':
      return now >= connection.giveUpAt ? lose(state, 1006, `no welcome within ${config.connectTimeout} ms`, context) : [state, []];
    case 'waiting':
      return now >= connection.retryAt && signals.visible && !signals.frozen ? open(state, context) : [state, []];
    case 'live': {
      if (connection.probeUntil !== null) {
        if (now < connection.probeUntil) return [state, []];
        // An alarm this late means that the machine slept or was busy: what the other end said may still wait to be read.
        if (now - connection.probeUntil > probeTime) return probe({ ...state, connection: { ...connection, probeUntil: null } }, context);
        return lose(state, 4000, 'nothing was heard from the server', context);
      }
      if (connection.moveAt !== null && now >= connection.moveAt) return move(state, context, 'goaway');
      const effects: Effect[] = [];
      let live = connection;
      if (live.refreshAt !== null && now >= live.refreshAt) {
        live = { ...live, refreshAt: null };
        effects.push({ type: 'token', attempt: live.attempt });
      }
      if (now >= live.pingAt) {
        live = { ...live, pingAt: now + live.interval };
        effects.push({ type: 'write', attempt: live.attempt, frames: [{ type: 'ping', time: now }] });
      }
      return [live === connection ? state : { ...state, connection: live }, effects];
    }
    case 'idle':
    case 'offline':
    case 'needs-auth':
    case 'closed':
      return [state, []];
    default:
      connection satisfies never;
      return [state, []];
  }
}

function tick(before: State, context: Context): Step {
  const { now } = context;
  const [ticked, effects] = parted(before, tickConnection(before, context), now);
  const { since, lost } = ticked.retry;
  const state = since !== null && !lost && now >= since + lostAfter ? { ...ticked, retry: { ...ticked.retry, lost: true } } : ticked;
  const fresh = mapRooms(state, (room) => (room.staleUntil !== null && now >= room.staleUntil ? withoutStale(room) : room));
  const [outbox, expired] = expire(fresh.outbox, now);
  return [outbox === fresh.outbox ? fresh : { ...fresh, outbox }, [...effects, ...expired]];
}

function connect(state: State, context: Context): Step {
  const { status } = state.connection;
  if (status !== 'idle' && status !== 'closed' && status !== 'needs-auth') return [state, []];
  return open({ ...state, retry: { ...state.retry, failures: 0, reauthed: false, tries: 0, since: null, lost: false, reason: null } }, context);
}

const clientClosed: Failure = { code: 'closed', message: 'the client is closed' };

/** Why nothing can be asked of this room for good, or null. */
function barred(state: State, id: string): Failure | null {
  if (state.connection.status === 'closed') return clientClosed;
  const room = state.rooms.get(id);
  return room?.phase.status === 'denied' ? (room.error ?? { code: 'denied', message: 'not for us' }) : null;
}

function close(state: State): Step {
  const { status } = state.connection;
  const [outbox, settled] = giveUp(state.outbox, 'all');
  const given: Effect[] = [...settled];
  const left = mapRooms({ ...state, outbox }, (room) => {
    const [next, effects] = unanswered(room, clientClosed);
    given.push(...effects);
    return next;
  });
  if (status === 'idle' || status === 'closed') return [left, given];
  const [ended, effects] = end(left, { code: 1000, reason: 'closed by the app' });
  return [{ ...ended, retry: { ...ended.retry, lost: false } }, [...given, ...effects]];
}

function reconnect(state: State, context: Context): Step {
  return state.connection.status === 'idle' || state.connection.status === 'closed' || state.connection.status === 'needs-auth' ? connect(state, context) : move(state, context, 'asked by the app');
}

/** Signals of the browser. None is believed; each is a reason to look. */
function signal(before: State, name: 'online' | 'offline' | 'visible' | 'hidden' | 'pagehide' | 'pageshow', context: Context): Step {
  const signals = { ...before.signals };
  if (name === 'online' || name === 'offline') signals.online = name === 'online';
  if (name === 'visible' || name === 'hidden') signals.visible = name === 'visible';
  if (name === 'pagehide' || name === 'pageshow') signals.frozen = name === 'pagehide';
  const changed = signals.online !== before.signals.online || signals.visible !== before.signals.visible || signals.frozen !== before.signals.frozen;
  const state = changed ? { ...before, signals } : before;
  const { connection } = state;
  switch (name) {
    case 'hidden':
      return [state, []];
    case 'pagehide': {
      const attempt = attemptOf(connection);
      if (!attempt) return [state, []];
      const since = state.retry.since ?? context.now;
      const reason = { code: 4010, reason: 'the page was put to sleep' };
      return [{ ...state, connection: { status: 'waiting', retryAt: context.now }, retry: { ...state.retry, since, reason, wokenAt: -Infinity } }, [{ type: 'close', attempt, code: 4010, reason: reason.reason }]];
    }
    case 'offline':
      if (connection.status === 'waiting') return [{ ...state, connection: { status: 'offline', since: context.now } }, []];
      return probe(state, context);
    case 'online':
    case 'visible':
    case 'pageshow':
      return connection.status === 'live' ? probe(state, context) : wake(state, context);
    default:
      name satisfies never;
      return [state, []];
  }
}

/**
 * The state after an event, and what the world is asked to do. Pure: the same inputs give the same outputs. An event that means nothing in this state
 * returns the same reference; one that belongs to an earlier attempt always does.
 */
export function transition(state: State, event: Event, context: Context): Step {
  const { now } = context;
  if ('attempt' in event && event.attempt !== attemptOf(state.connection)) return [state, []];
  switch (event.type) {
    case 'connect':
      return connect(state, context);
    case 'close':
      return parted(state, close(state), now);
    case 'reconnect':
      return parted(state, reconnect(state, context), now);
    case 'tick': {
      const [ticked, effects] = tick(state, context);
      const [pumped, writes] = pump(ticked, context);
      return [settled(pumped), [...effects, ...writes]];
    }
    case 'pump': {
      const [pumped, effects] = pump(state, context);
      return [settled(pumped), effects];
    }
    case 'opened': {
      const { connection, session } = state;
      if (connection.status !== 'opening') return [state, []];
      const hello = { type: 'hello', session: session.key, instance: session.instance, token: event.token, takeover: false, client: 'roomful-js' } as const;
      const greeting = { status: 'greeting', attempt: connection.attempt, giveUpAt: connection.giveUpAt, transport: event.transport, codec: event.codec } as const;
      const [greeted, joins] = pump({ ...state, connection: greeting }, context);
      const frames = joins.flatMap((effect) => (effect.type === 'write' ? effect.frames : []));
      return [greeted, [{ type: 'write', attempt: connection.attempt, frames: [hello, ...frames] }, ...joins.filter(({ type }) => type !== 'write')]];
    }
    case 'received': {
      const { connection } = state;
      if (connection.status !== 'live' && connection.status !== 'greeting') return [state, []];
      const alive = connection.status === 'live' ? { ...state, connection: heard(connection, now) } : state;
      const [next, effects] = frames(alive, event.frames, context);
      return [settled(next), effects];
    }
    case 'lost':
      return parted(state, lose(state, event.code, event.reason, context), now);
    case 'token':
      if (state.connection.status !== 'live' || event.token === null) return [state, []];
      return [state, [{ type: 'write', attempt: event.attempt, frames: [{ type: 'auth', token: event.token }] }]];
    case 'token-failed':
      if (state.connection.status !== 'live') return [state, []];
      return [{ ...state, connection: { ...state.connection, refreshAt: now + 5_000 * (1 + context.random()) } }, []];
    case 'online':
    case 'offline':
    case 'visible':
    case 'hidden':
    case 'pagehide':
    case 'pageshow':
      return parted(state, signal(state, event.type, context), now);
    case 'retain':
      return [withRoom(state, event.room, now, (room) => retained(room, event.history, event.presence)), []];
    case 'release':
      return [ifRoom(state, event.room, (room) => released(room, now)), []];
    case 'list-retain': {
      const next = withRoom(state, event.room, now, (room) => listRetained(room, event.list, event.limit));
      const room = next.rooms.get(event.room) as Room;
      const late = room.phase.status === 'joined' && room.lists.get(event.list)?.users === 1;
      return late ? transition(next, { type: 'history', ref: event.ref, room: event.room, before: null, limit: event.limit, list: event.list }, context) : [next, []];
    }
    case 'list-release':
      return [ifRoom(state, event.room, (room) => listReleased(room, event.list)), []];
    case 'history': {
      const { ref, before, limit, list } = event;
      const outcome = barred(state, event.room);
      if (outcome) return [state, list === null ? [{ type: 'history', ref, outcome }] : []];
      return [withRoom(state, event.room, now, (room) => requested(room, { ref, before, limit, list })), []];
    }
    case 'send': {
      const refused = event.messages.flatMap(({ id, room }): Effect[] => {
        const outcome = barred(state, room);
        return outcome ? [{ type: 'settle', ids: [id], outcome }] : [];
      });
      const taken = refused.length ? event.messages.filter(({ room }) => !barred(state, room)) : event.messages;
      if (taken.length === 0) return [state, refused];
      const [outbox, effects] = enqueue(state.outbox, taken, context);
      let next: State = { ...state, outbox };
      for (const { room } of taken) next = withRoom(next, room, now, (it) => it);
      return [next, [...refused, ...effects]];
    }
    case 'retry': {
      const outbox = retry(state.outbox, event.room, event.id, now);
      return [outbox === state.outbox ? state : { ...state, outbox }, []];
    }
    case 'discard':
    case 'abort': {
      const [outbox, effects] = discard(state.outbox, event.room, event.id);
      return [outbox === state.outbox ? state : { ...state, outbox }, effects];
    }
    case 'broadcast': {
      const { room: id, message, version, data } = event;
      if (state.connection.status !== 'live') return [state, []];
      return [ifRoom(state, id, (room) => (room.phase.status === 'joined' && room.volatile.length < volatileLimit ? { ...room, volatile: [...room.volatile, { type: message, version, data }] } : room)), []];
    }
    case 'presence':
      return [withRoom(state, event.room, now, (room) => presented(room, event.patch)), []];
    default:
      event satisfies never;
      return [state, []];
  }
}
