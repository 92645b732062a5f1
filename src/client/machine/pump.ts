// What is wanted, held against what the server was told: the frames that make up the difference, in one write.
import type { ClientFrame } from '../../protocol/frames.js';
import { toTuple } from '../../protocol/position.js';
import { probe } from './connection.js';
import { presenceInterval } from './context.js';
import { doubtAt } from './heartbeat.js';
import { due, expire } from './outbox.js';
import { isBusy, isWanted } from './room.js';
import type { Room } from './state.js';
import { ask, change, own, setRoom, type Turn } from './turn.js';

/** Whether nobody wants the room any more, or will not before `leaveAt`. */
export const isLeaving = (room: Room): boolean => room.leaveAt !== null && room.phase.status !== 'joining' && room.requests.length === 0 && !isBusy(room);

/** What time does to a room, connected or not. */
function aged(turn: Turn, before: Room): Room {
  const room = expire(turn, before);
  if (room.staleUntil === null || turn.now < room.staleUntil) return room;
  return setRoom(turn, room, { staleUntil: null, members: new Map(Array.from(room.members).filter(([, { stale }]) => !stale)) });
}

/** Forgets the room, but for messages that failed. */
function leave(turn: Turn, room: Room): void {
  if (room.entries.size) setRoom(turn, room, { phase: { status: 'left' }, leaveAt: null, members: new Map(), lists: new Map(), position: null, mine: null, patch: null });
  else {
    const rooms = own(turn, turn.state.rooms);
    rooms.delete(room.id);
    change(turn, { rooms });
  }
}

function join(turn: Turn, room: Room, frames: ClientFrame[]): Room {
  let { history } = room;
  for (const { limit } of room.lists.values()) history = Math.max(history, limit);
  frames.push({ type: 'join', room: room.id, position: room.position && toTuple(room.position), history: Math.min(turn.state.limits.history, history), presence: room.mine });
  return setRoom(turn, room, { phase: { status: 'joining' }, patch: null });
}

/** Presence, volatile messages, requests for history: what a joined room has to say besides its messages. */
function speak(turn: Turn, before: Room, attempt: number, frames: ClientFrame[]): Room {
  let room = before;
  const { id, patch, volatile, requests } = room;
  if (patch && room.presenceAt <= turn.now) {
    frames.push({ type: 'presence', room: id, patch });
    room = setRoom(turn, room, { patch: null, presenceAt: turn.now + presenceInterval });
  }
  for (const { type, version, data } of volatile) frames.push({ type: 'broadcast', room: id, message: type, version, data });
  const unasked = requests.filter(({ sentOn }) => sentOn === 0);
  for (const { ref, before: offset, limit } of unasked) frames.push({ type: 'history', ref, room: id, before: offset, limit: Math.min(limit, turn.state.limits.history) });
  return volatile.length || unasked.length ? setRoom(turn, room, { volatile: [], requests: requests.map((it) => ({ ...it, sentOn: attempt })) }) : room;
}

/**
 * Reconciles the wire with the state: leaves, joins, presence, volatile messages, history, and what the outbox may send, behind `frames`. A link that was
 * silent for too long by the wall clock is doubted first, and nothing is written into it.
 */
export function pump(turn: Turn, frames: ClientFrame[] = []): void {
  const { now, state: { connection } } = turn;
  const live = connection.status === 'live';
  const doubted = live && (connection.probeUntil !== null || now >= doubtAt(connection));
  const greets = connection.status === 'greeting';
  const attempt = live || greets ? connection.attempt : 0;
  for (const it of turn.state.rooms.values()) {
    let room = aged(turn, it);
    if (doubted) continue;
    if (isLeaving(room) && (room.leaveAt ?? now) <= now) {
      if (attempt && room.phase.status === 'joined') frames.push({ type: 'leave', room: room.id });
      leave(turn, room);
      continue;
    }
    if (!attempt || !isWanted(room)) continue;
    if (room.phase.status === 'left') room = setRoom(turn, room, { phase: { status: 'wanted', at: 0 }, error: null });
    if (room.phase.status === 'wanted' && room.phase.at <= now) room = join(turn, room, frames);
    if (live && room.phase.status === 'joined') due(turn, speak(turn, room, attempt, frames), attempt, frames);
  }
  if (doubted && connection.probeUntil === null) probe(turn, connection);
  if (frames.length) ask(turn, { type: 'write', attempt, frames });
}
