// Joins and leaves, and what the server answers to them.
import { isRoomId } from '../../../protocol/checks.js';
import type { ClientFrame } from '../../../protocol/frames.js';
import { toTuple } from '../../../protocol/position.js';
import { isDoubted } from '../model/connection-state.js';
import { changePart, draftMap, draftPart, emit, liveConnection, roomOf } from '../model/draft.js';
import { callSlices, type FrameOf, type Slice, type Turn } from '../model/slice.js';
import { failureOf } from '../model/failures.live.js';
import { never, rejoinPauseMs } from '../model/limits.js';
import { hasUnsettled, isJoining, isWanted, type Room } from '../model/room-state.js';
import type { Failure } from '../model/message.js';
import { requestOf } from './history.live.js';
import { failRequest } from './lists.js';

/** Time before a refused join is tried again, if a retry can help and the server does not say when. */
const rejoinRefusedMs = 2_000;

/** Refusals that a later join can overcome. */
const temporaryRefusals: ReadonlySet<string> = new Set(['unavailable', 'limited', 'too-many-rooms']);

/** Codes that answer a broadcast or a presence which was sent before the join. They never answer a join. */
const broadcastErrorCodes: ReadonlySet<string> = new Set([
  'rejected',
  'invalid',
  'not-joined',
  'unknown-type',
  'unknown-version',
  'too-large',
]);

/** A room that is left is kept as long as it holds messages or lists. */
const isHeld = ({ outbox, lists }: Room): boolean => outbox.entries.size > 0 || lists.byType.size > 0;

const isUnused = (room: Room): boolean =>
  room.membership.users === 0 && room.lists.requests.length === 0 && !hasUnsettled(room);

/** The room was left already, and is kept for what it holds. */
const isParked = (room: Room): boolean =>
  room.membership.phase.status === 'left' && room.membership.leaveAt === null && isHeld(room);

/** The room can be left: now if `leaveAt` is null, else at `leaveAt`. */
const isLeaving = (room: Room): boolean => isUnused(room) && !isJoining(room) && !isParked(room);

/** Removes a room. */
function removeRoom(turn: Turn, id: string): void {
  const rooms = draftMap(turn, turn.state.rooms);
  rooms.delete(id);
  turn.state.rooms = rooms;
}

/** Ends a room for good, and everything that waits in it. */
function denyRoom(turn: Turn, id: string, failure: Failure): void {
  callSlices(turn, 'denied', id, failure);
}

function addJoin(turn: Turn, id: string, frames: ClientFrame[]): void {
  const { lists, log, membership, presence } = roomOf(turn, id);
  let history = membership.historyOnJoin;
  for (const { limit } of lists.byType.values()) history = Math.max(history, limit);
  frames.push({
    type: 'join',
    room: id,
    position: log.position && toTuple(log.position),
    history: Math.min(turn.state.limits.history, history),
    presence: presence.own,
  });
  callSlices(turn, 'joining', id);
}

/** Joins a room on the next connection, while the previous connection still serves it. */
export function rejoinOnNext(turn: Turn, id: string, frames: ClientFrame[]): void {
  addJoin(turn, id, frames);
  const { position } = roomOf(turn, id).log;
  changePart(turn, id, 'membership', { phase: { status: 'joined' }, rejoiningFrom: position });
}

/**
 * Forgets a room, unless it holds messages or lists: a list goes on from its position when the room is joined again.
 */
function forgetRoom(turn: Turn, id: string): void {
  if (!isHeld(roomOf(turn, id))) return removeRoom(turn, id);
  callSlices(turn, 'left', id);
}

/** Joins a room that is wanted, and leaves one that is not. True if the room has nothing more to say now. */
export function joinOrLeave(turn: Turn, id: string, frames: ClientFrame[]): boolean {
  const { connection } = turn.state;
  const canWrite = connection.status === 'live' || connection.status === 'greeting';
  const room = roomOf(turn, id);
  const { leaveAt, phase } = room.membership;
  if (isLeaving(room) && (leaveAt ?? turn.now) <= turn.now) {
    if (canWrite && phase.status === 'joined') frames.push({ type: 'leave', room: id });
    forgetRoom(turn, id);
    return true;
  }
  const isDue = phase.status === 'left' || (phase.status === 'wanted' && phase.at <= turn.now);
  if (!canWrite || !isWanted(room) || !isDue) return false;
  if (isRoomId(id)) addJoin(turn, id, frames);
  // A server closes the connection for such an id.
  else denyRoom(turn, id, { code: 'invalid', message: 'the room id is too long' });
  return true;
}

/** A refused join: it is tried again, or the room is denied. True if the error was about a join. */
function onJoinError(
  turn: Turn,
  id: string,
  code: string,
  failure: Failure,
  after: number | null | undefined,
): boolean {
  if (temporaryRefusals.has(code)) {
    changePart(turn, id, 'membership', {
      phase: { status: 'wanted', at: turn.now + Math.max(rejoinPauseMs, after ?? rejoinRefusedMs) },
      rejoiningFrom: null,
      error: failure,
    });
    return true;
  }
  if (broadcastErrorCodes.has(code)) return false;
  denyRoom(turn, id, failure);
  return true;
}

function onError(turn: Turn, { ref, code, reason, after }: FrameOf<'error'>): void {
  const failure = failureOf(code, reason);
  const room = typeof ref === 'string' ? turn.state.rooms.get(ref) : undefined;
  if (room && isJoining(room) && onJoinError(turn, room.id, code, failure, after)) return;
  const found = typeof ref === 'number' ? requestOf(turn, ref) : null;
  if (found) failRequest(turn, ...found, failure);
  // A request of a room handle has a promise, which tells the app.
  const wasToldByPromise = found !== null && found[1].list === null;
  if (!wasToldByPromise) emit(turn, { type: 'report', room: room?.id ?? found?.[0] ?? null, failure });
}

export const membershipLive: Slice = {
  frames: {
    joined: (turn, frame) => {
      if (!isJoining(roomOf(turn, frame.room))) return;
      callSlices(turn, 'joined', frame.room, frame);
    },
    left: (turn, { room, code }) => {
      if (code !== null) denyRoom(turn, room, failureOf(code, 'expelled from the room'));
    },
    error: onError,
  },
  roomDeadline: (room, state) => {
    const { membership } = room;
    const live = liveConnection(state);
    if (live && isDoubted(live)) return never;
    const { leaveAt, phase } = membership;
    return Math.min(
      leaveAt !== null && isLeaving(room) ? leaveAt : never,
      live && phase.status === 'wanted' && isWanted(room) ? phase.at : never,
    );
  },
  joining: (turn, id) => {
    draftPart(turn, id, 'membership').phase = { status: 'joining' };
  },
  joined: (turn, id) => {
    changePart(turn, id, 'membership', {
      phase: { status: 'joined' },
      joinedAt: turn.now,
      error: null,
    });
  },
  left: (turn, id) => {
    changePart(turn, id, 'membership', {
      phase: { status: 'left' },
      joinedAt: null,
      leaveAt: null,
    });
  },
  denied: (turn, id, error) => {
    changePart(turn, id, 'membership', {
      phase: { status: 'denied' },
      error,
      rejoiningFrom: null,
    });
  },
};
