// What each frame from the server does to the state.
import { isErrorCode } from '../../protocol/codes.js';
import type { EntryTuple, ServerFrame } from '../../protocol/frames.js';
import { refreshAt, welcomed, type Step } from './connection.js';
import type { Context } from './context.js';
import type { Effect } from './effects.js';
import { measured } from './heartbeat.js';
import { acknowledge, refuse, refuseAll, rejoined, seen } from './outbox.js';
import { historyAnswered, historyFailed, unanswered } from './history.js';
import { denied, echoed, joined, mustRejoin, presenceChanged, received, type RoomChange } from './room.js';
import type { Failure, Member, Room, State } from './state.js';

/** Own membership as others see it in this room. */
const selfIn = (state: State, room: Room): Member | null =>
  state.self && { id: state.self.member, user: state.self.user, presence: room.members.get(state.self.member)?.presence ?? room.mine };

function inRoom(state: State, id: string, change: (room: Room) => RoomChange): Step {
  const room = state.rooms.get(id);
  if (!room) return [state, []];
  const [next, effects] = change(room);
  return [next === room ? state : { ...state, rooms: new Map(state.rooms).set(id, next) }, effects];
}

const onlyRoom = (change: (room: Room) => Room) => (room: Room): RoomChange => [change(room), []];
const failureOf = (code: string, reason: string): Failure => ({ code: isErrorCode(code) ? code : 'rejected', message: reason });

/** How long to wait before a refused join is tried again, where a retry can help. */
const joinAgain = 2_000;

const refusedRoom = (room: Room, failure: Failure): RoomChange => unanswered(denied(room, failure), failure);

function joinRefused(room: Room, failure: Failure, now: number): RoomChange {
  const passing = failure.code === 'unavailable' || failure.code === 'limited' || failure.code === 'too-many-rooms';
  return passing ? [{ ...room, phase: { status: 'wanted', at: now + joinAgain }, error: failure }, []] : refusedRoom(room, failure);
}

/** What a room that was denied leaves unsent cannot be sent. */
function withOutbox([state, effects]: Step, id: string): Step {
  const room = state.rooms.get(id);
  if (room?.phase.status !== 'denied' || !room.error) return [state, effects];
  const [outbox, settled] = refuseAll(state.outbox, id, room.error);
  return [outbox === state.outbox ? state : { ...state, outbox }, [...effects, ...settled]];
}

function failed(state: State, { ref, code, reason }: Extract<ServerFrame, { type: 'error' }>, context: Context): Step {
  const failure = failureOf(code, reason);
  if (typeof ref === 'string') {
    const joining = state.rooms.get(ref)?.phase.status === 'joining';
    if (joining) return withOutbox(inRoom(state, ref, (room) => joinRefused(room, failure, context.now)), ref);
  } else if (ref !== null) {
    const room = Array.from(state.rooms.values()).find(({ requests }) => requests.some((request) => request.ref === ref));
    if (room) return inRoom(state, room.id, (it) => historyFailed(it, ref, failure));
  }
  return [state, [{ type: 'report', room: typeof ref === 'string' ? ref : null, failure }]];
}

/** Consecutive entries of one room are one batch: one list copy, one delivery. */
function messages(state: State, frames: readonly ServerFrame[], from: number, context: Context): readonly [Step, number] {
  const { room: id } = frames[from] as Extract<ServerFrame, { type: 'message' }>;
  const entries: EntryTuple[] = [];
  let at = from;
  for (; at < frames.length; at++) {
    const frame = frames[at] as ServerFrame;
    if (frame.type !== 'message' || frame.room !== id) break;
    entries.push(frame.entry);
  }
  const [next, effects] = inRoom(state, id, (room) => received(room, entries, context));
  const own = state.self?.member;
  const ids = entries.flatMap((entry) => (entry[5]?.[0] === own ? [entry[3]] : []));
  const outbox = next === state || ids.length === 0 ? next.outbox : seen(next.outbox, id, ids);
  return [[outbox === next.outbox ? next : { ...next, outbox }, effects], at];
}

function one(state: State, frame: Exclude<ServerFrame, { type: 'message' }>, context: Context): Step {
  const { connection } = state;
  const { now } = context;
  switch (frame.type) {
    case 'welcome':
      return [welcomed(state, frame, context), []];
    case 'joined': {
      const room = state.rooms.get(frame.room);
      if (room?.phase.status !== 'joining' || !('attempt' in connection)) return [state, []];
      const [next, effects] = inRoom(state, frame.room, (it) => joined(it, frame, connection.attempt, context));
      const ids = frame.messages.flatMap((entry) => (entry[5]?.[0] === state.self?.member ? [entry[3]] : []));
      const [outbox, lost] = rejoined(seen(next.outbox, frame.room, ids), frame.room, frame.last);
      return [{ ...next, outbox }, [...effects, ...lost]];
    }
    case 'left':
      if (frame.code === null) return [state, []];
      return withOutbox(inRoom(state, frame.room, (room) => refusedRoom(room, failureOf(frame.code as string, 'expelled from the room'))), frame.room);
    case 'ack': {
      const [outbox, effects, acked] = acknowledge(state.outbox, frame.room, frame.epoch, frame.receipts, now);
      if (outbox === state.outbox) return [state, []];
      const [next] = inRoom({ ...state, outbox }, frame.room, onlyRoom((room) => echoed(room, acked, selfIn(state, room))));
      return [next, effects];
    }
    case 'nack': {
      const [outbox, effects] = refuse(state.outbox, frame, now);
      return [outbox === state.outbox ? state : { ...state, outbox }, effects];
    }
    case 'broadcast': {
      const room = state.rooms.get(frame.room);
      if (room?.phase.status !== 'joined') return [state, []];
      const read = context.read(frame.room, frame.message, frame.version, frame.data);
      if ('code' in read) return [state, [{ type: 'report', room: frame.room, failure: read }]];
      const { sender } = frame;
      const author = sender && (room.members.get(sender[0]) ?? { id: sender[0], user: sender[1] ?? null, presence: null });
      return [state, [{ type: 'deliver-broadcast', broadcast: { room: frame.room, type: frame.message, data: read.data, sender: author } }]];
    }
    case 'presence':
      return inRoom(state, frame.room, onlyRoom((room) => presenceChanged(room, frame)));
    case 'history': {
      const room = Array.from(state.rooms.values()).find(({ requests }) => requests.some(({ ref }) => ref === frame.ref));
      return room ? inRoom(state, room.id, (it) => historyAnswered(it, frame, context)) : [state, []];
    }
    case 'lag':
      return [state, []];
    case 'reset':
      return inRoom(state, frame.room, onlyRoom(mustRejoin));
    case 'auth':
      if (connection.status !== 'live' || frame.expires === null || !context.config.hasToken) return [state, []];
      return [{ ...state, connection: { ...connection, refreshAt: refreshAt(now, frame.expires - (now + connection.skew)) } }, []];
    case 'expiring':
      if (connection.status !== 'live' || !context.config.hasToken) return [state, []];
      return [state, [{ type: 'token', attempt: connection.attempt }]];
    case 'ping':
      return 'attempt' in connection ? [state, [{ type: 'write', attempt: connection.attempt, frames: [{ type: 'pong', time: frame.time }] }]] : [state, []];
    case 'pong': {
      const took = now - frame.time;
      return took >= 0 ? [{ ...state, latency: measured(state.latency, took) }, []] : [state, []];
    }
    case 'goaway':
      return connection.status === 'live' ? [{ ...state, connection: { ...connection, moveAt: now + context.random() * frame.within } }, []] : [state, []];
    case 'error':
      return failed(state, frame, context);
    default:
      frame satisfies never;
      return [state, []];
  }
}

/** A batch of frames, in order. */
export function frames(before: State, batch: readonly ServerFrame[], context: Context): Step {
  let state = before;
  const effects: Effect[] = [];
  for (let at = 0; at < batch.length; ) {
    const frame = batch[at] as ServerFrame;
    let step: Step;
    if (frame.type === 'message') [step, at] = messages(state, batch, at, context);
    else {
      step = one(state, frame, context);
      at++;
    }
    state = step[0];
    for (const effect of step[1]) effects.push(effect);
  }
  return [state, effects];
}
