// What is wanted, held against what the server was told: the frames that make up the difference, in one write.
import type { ClientFrame } from '../../protocol/frames.js';
import { toTuple } from '../../protocol/position.js';
import type { Step } from './connection.js';
import { probe } from './connection.js';
import type { Context } from './context.js';
import type { Effect } from './effects.js';
import { doubtAt } from './heartbeat.js';
import { due, expire, isBusy } from './outbox.js';
import { isWanted, presenceSent } from './room.js';
import type { Room, RoomOutbox, State } from './state.js';

const historyOf = (room: Room): number => {
  let most = room.history;
  for (const { limit } of room.lists.values()) most = Math.max(most, limit);
  return most;
};

/** Frames of one room, in the order in which a server must see them. */
function roomFrames(room: Room, attempt: number, { now }: Context, ready: boolean, maxHistory: number): readonly [Room, ClientFrame[]] {
  const frames: ClientFrame[] = [];
  let next = room;
  if (next.phase.status === 'wanted' && next.phase.at <= now) {
    const position = next.position && toTuple(next.position);
    frames.push({ type: 'join', room: next.id, position, history: Math.min(maxHistory, historyOf(next)), presence: next.mine });
    next = { ...next, phase: { status: 'joining', attempt }, patch: null };
  }
  if (!ready || next.phase.status !== 'joined') return [next, frames];
  if (next.patch && next.presenceAt <= now) {
    frames.push({ type: 'presence', room: next.id, patch: next.patch });
    next = presenceSent(next, now);
  }
  if (next.volatile.length) {
    for (const { type, version, data } of next.volatile) frames.push({ type: 'broadcast', room: next.id, message: type, version, data });
    next = { ...next, volatile: [] };
  }
  if (next.requests.some(({ sentOn }) => sentOn === 0)) {
    for (const { ref, before, limit, sentOn } of next.requests) if (sentOn === 0) frames.push({ type: 'history', ref, room: next.id, before, limit: Math.min(limit, maxHistory) });
    next = { ...next, requests: next.requests.map((request) => (request.sentOn === 0 ? { ...request, sentOn: attempt } : request)) };
  }
  return [next, frames];
}

/** Rooms that nobody wants any more: forgotten, and left where the server has us in them. */
function leave(state: State, now: number): readonly [State, ClientFrame[]] {
  const frames: ClientFrame[] = [];
  let rooms: Map<string, Room> | null = null;
  for (const room of state.rooms.values()) {
    if (room.leaveAt === null || room.leaveAt > now || room.phase.status === 'joining' || room.requests.length > 0 || isBusy(state.outbox.rooms.get(room.id))) continue;
    if (room.phase.status === 'joined') frames.push({ type: 'leave', room: room.id });
    (rooms ??= new Map(state.rooms)).delete(room.id);
  }
  return [rooms ? { ...state, rooms } : state, frames];
}

/**
 * Reconciles the wire with the state: leaves, joins, presence, volatile messages, history, and what the outbox may send. A link that was silent for
 * too long by the wall clock is doubted first, and nothing is written into it.
 */
export function pump(before: State, context: Context): Step {
  const { now, config } = context;
  const [outbox, effects] = expire(before.outbox, now);
  const alive = outbox === before.outbox ? before : { ...before, outbox };
  const { connection } = alive;
  if (connection.status === 'live') {
    if (connection.probeUntil !== null) return [alive, effects];
    if (now >= doubtAt(connection)) {
      const [doubted, probes] = probe(alive, context);
      return [doubted, [...effects, ...probes]];
    }
  }
  const [state, frames] = leave(alive, now);
  if (connection.status !== 'greeting' && connection.status !== 'live') return [state, effects];
  const { attempt } = connection;
  const ready = connection.status === 'live';
  const window = Math.min(config.outbox.window, state.limits.window);
  let rooms: Map<string, Room> | null = null;
  let sending: Map<string, RoomOutbox> | null = null;
  for (const room of state.rooms.values()) {
    const own = state.outbox.rooms.get(room.id);
    if (!isWanted(room, own)) continue;
    const [next, mine] = roomFrames(room, attempt, context, ready, state.limits.history);
    for (const frame of mine) frames.push(frame);
    if (next !== room) (rooms ??= new Map(state.rooms)).set(room.id, next);
    if (!ready || next.phase.status !== 'joined' || !own) continue;
    const [sent, messages] = due(own, room.id, attempt, window, now);
    for (const message of messages) frames.push(message);
    if (sent !== own) (sending ??= new Map(state.outbox.rooms)).set(room.id, sent);
  }
  const writes: readonly Effect[] = frames.length ? [...effects, { type: 'write', attempt, frames }] : effects;
  if (!rooms && !sending) return [state, writes];
  return [{ ...state, ...(rooms && { rooms }), ...(sending && { outbox: { ...state.outbox, rooms: sending } }) }, writes];
}
