// What is wanted, held against what the server was told: the frames that make up the difference, in one write.
import { isRoomId } from '../../protocol/checks.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { toTuple } from '../../protocol/position.js';
import { bar } from './room/deny-room.js';
import { examine } from './connection/lifecycle.js';
import { presenceInterval } from './model/context.js';
import { due, flightOf } from './outbox/in-flight.js';
import { expire } from './outbox/queue.js';
import { isBusy, isWanted, roomOf } from './room/room.js';
import type { Room } from './model/state.js';
import { edit, own, write, type Draft, type Turn } from './model/draft.js';

/** What is kept of a room that is left. */
const isHeld = ({ entries, lists }: Room): boolean => entries.size > 0 || lists.size > 0;

/** Whether nobody wants the room any more, or will not after `leaveAt`; null: at once. */
export const isLeaving = (room: Room): boolean =>
  room.users === 0 &&
  room.phase.status !== 'joining' &&
  !room.asked &&
  room.requests.length === 0 &&
  !isBusy(room) &&
  !(room.phase.status === 'left' && room.leaveAt === null && isHeld(room));

/** What time does to a room, connected or not. */
function age(turn: Turn, room: Room): void {
  expire(turn, room);
  if (room.staleUntil !== null && turn.now >= room.staleUntil)
    edit(turn, room, {
      staleUntil: null,
      members: new Map(Array.from(room.members).filter(([, { stale }]) => !stale)),
    });
}

/** Forgets the room, but for messages that failed, and for lists that somebody still shows: these go on from their position when the room is joined again. */
function leave(turn: Turn, room: Room): void {
  if (isHeld(room))
    edit(turn, room, {
      phase: { status: 'left' },
      joinedAt: 0,
      leaveAt: null,
      members: new Map(),
      position: room.lists.size ? room.position : null,
      mine: null,
      shown: null,
      patch: null,
    });
  else {
    const rooms = own(turn, turn.state.rooms);
    rooms.delete(room.id);
    turn.state.rooms = rooms;
  }
}

function join(turn: Turn, room: Draft<Room>, frames: ClientFrame[]): void {
  let { history } = room;
  for (const { limit } of room.lists.values()) history = Math.max(history, limit);
  frames.push({
    type: 'join',
    room: room.id,
    position: room.position && toTuple(room.position),
    history: Math.min(turn.state.limits.history, history),
    presence: room.mine,
  });
  room.phase = { status: 'joining' };
  room.patch = null;
}

/** Joins a room on the next connection, while the one before still serves it. */
export function again(turn: Turn, room: Draft<Room>, frames: ClientFrame[]): void {
  join(turn, room, frames);
  Object.assign(room, {
    phase: { status: 'joined' },
    asked: room.position,
    requests: room.requests.map((request) => ({ ...request, sentOn: 0 })),
  });
}

/** Presence, volatile messages, requests for history: what a joined room has to say besides its messages. */
function speak(turn: Turn, room: Room, attempt: number, frames: ClientFrame[]): void {
  const { id, patch, volatile, requests } = room;
  if (patch && room.presenceAt <= turn.now) {
    const cleared = Object.keys(patch).filter((key) => patch[key] === undefined);
    frames.push({ type: 'presence', room: id, patch, cleared });
    edit(turn, room, { patch: null, presenceAt: turn.now + presenceInterval });
  }
  if (volatile.length) {
    for (const it of volatile)
      frames.push({ type: 'broadcast', room: id, message: it.type, version: it.version, data: it.data });
    edit(turn, room).volatile = [];
  }
  for (const { ref, before, limit, sentOn } of requests) {
    if (sentOn) continue;
    frames.push({
      type: 'history',
      ref,
      room: id,
      before,
      limit: Math.min(limit, turn.state.limits.history),
    });
    edit(turn, room).requests = requests.map((it) => ({ ...it, sentOn: attempt }));
  }
}

/**
 * Reconciles the wire with the state: leaves, joins, presence, volatile messages, history, and what the outbox may send, behind `frames`. Nothing is written
 * into a link that is doubted.
 */
export function pump(turn: Turn, frames: ClientFrame[] = []): void {
  examine(turn);
  const {
    now,
    state: { connection },
  } = turn;
  const live = connection.status === 'live';
  const doubted = live && connection.probeUntil !== null;
  const greets = connection.status === 'greeting';
  const attempt = live || greets ? connection.attempt : 0;
  const flight = live ? flightOf(turn, attempt) : { count: 0, bytes: 0 };
  for (const before of turn.state.rooms.values()) {
    age(turn, before);
    if (doubted) continue;
    const room = roomOf(turn, before.id);
    const { phase } = room;
    if (isLeaving(room) && (room.leaveAt ?? now) <= now) {
      if (attempt && phase.status === 'joined') frames.push({ type: 'leave', room: room.id });
      leave(turn, room);
    } else if (attempt && isWanted(room)) {
      if (phase.status === 'left' || (phase.status === 'wanted' && phase.at <= now)) {
        if (isRoomId(room.id)) join(turn, edit(turn, room), frames);
        // A server closes the connection for such an id.
        else bar(turn, room, { code: 'invalid', message: 'the room id is too long' });
        continue;
      }
      if (!live || phase.status !== 'joined' || room.asked) continue;
      speak(turn, room, attempt, frames);
      due(turn, room, attempt, flight, frames);
    }
  }
  if (turn.state.progress && !Array.from(turn.state.rooms.values()).some(isBusy)) turn.state.progress = null;
  if (frames.length) write(turn, frames);
}
