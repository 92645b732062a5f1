// Moves to a new connection without a visible gap, as a `goaway` asks: the new one joins every room before the old one
// is closed.
import { closeAbnormal, closeMoved } from '../../protocol/codes.js';
import type { ClientFrame, ServerFrame } from '../../protocol/frames.js';
import { backoffDelay } from './connection/backoff.js';
import { helloFrame } from './connection/greeting.live.js';
import { lose } from './connection/lifecycle.js';
import {
  noHandover,
  type Connection,
  type Greeting,
  type Handover,
  type Live,
} from './model/connection-state.js';
import { draftPart, emit, liveConnection, workingConnection } from './model/draft.js';
import { callSlices, type AttemptEvent, type EventOf, type Slice, type Turn } from './model/slice.js';
import { never, rejoinPauseMs, settledMs } from './model/limits.js';
import { isDenied, isJoined, isJoining, isWanted, type Room } from './model/room-state.js';
import { receiveFrames } from './receive.live.js';
import { rejoinOnNext } from './room/membership.live.js';

type Overlapping = Extract<Handover, { stage: 'overlapping' }>;

function setHandover(turn: Turn, live: Live, handover: Handover): void {
  turn.state.connection = { ...live, handover };
}

const scheduled = (at: number): Handover => (at < never ? { stage: 'scheduled', at } : noHandover);

function closeAttempt(turn: Turn, attempt: number): void {
  emit(turn, { type: 'close', attempt, code: closeMoved, reason: 'moved' });
}

/** Opens the next connection, and stays on this one meanwhile. */
function startHandover(turn: Turn, live: Live): void {
  const attempt = ++turn.state.attempt;
  const giveUpAt = turn.now + turn.config.connectTimeout;
  const next = { status: 'opening', attempt, giveUpAt } as const;
  setHandover(turn, live, { stage: 'opening', next, superseded: false });
  emit(turn, { type: 'open', attempt });
}

/** The next connection came to nothing. The client tries again later, as long as this connection is there. */
function abandonHandover(
  turn: Turn,
  live: Live,
  next: { readonly attempt: number; readonly status: string },
  reason: string,
): void {
  const { state, now, random, config } = turn;
  const { failures } = state.retry;
  emit(turn, { type: 'close', attempt: next.attempt, code: closeAbnormal, reason });
  state.retry = { ...state.retry, failures: failures + 1 };
  state.connection = {
    ...live,
    handover: scheduled(now + rejoinPauseMs + backoffDelay(failures, random, config.backoff, 0)),
    helloWasSentElsewhere: live.helloWasSentElsewhere || next.status === 'greeting',
  };
}

/** Closes the connection before this one: every room has rejoined, or has had its time. */
function endOverlap(turn: Turn): void {
  const { state } = turn;
  const live = liveConnection(state);
  if (live?.handover.stage === 'overlapping') {
    const { previous, thenMoveAt } = live.handover;
    if (previous !== null) closeAttempt(turn, previous);
    setHandover(turn, live, scheduled(thenMoveAt));
  }
  for (const { id, membership } of state.rooms.values())
    if (membership.rejoiningFrom) draftPart(turn, id, 'membership').phase = { status: 'joining' };
}

/**
 * Frames of the next connection. Its first is `welcome`; then each room rejoins there from its position, and goes on
 * here until it has. Returns the joins.
 */
function onNextConnection(
  turn: Turn,
  live: Live,
  next: Greeting,
  superseded: boolean,
  batch: readonly ServerFrame[],
): readonly ClientFrame[] | void {
  const { state } = turn;
  const { self } = state;
  state.connection = next;
  receiveFrames(turn, batch);
  const after = state.connection as Connection;
  if (after.status !== 'live') return setHandover(turn, live, { stage: 'opening', next, superseded });
  if (state.self?.member !== self?.member) {
    closeAttempt(turn, live.attempt);
    for (const id of state.rooms.keys()) callSlices(turn, 'connectionLost', id);
    return;
  }
  state.connection = {
    ...after,
    since: live.since,
    recovered: live.recovered,
    handover: {
      stage: 'overlapping',
      previous: superseded ? null : live.attempt,
      until: turn.now + turn.config.connectTimeout,
      thenMoveAt: after.handover.stage === 'scheduled' ? after.handover.at : never,
    },
  };
  const joins: ClientFrame[] = [];
  for (const room of state.rooms.values()) {
    if (isJoined(room)) rejoinOnNext(turn, room.id, joins);
    else callSlices(turn, 'connectionLost', room.id);
  }
  return joins;
}

/**
 * Frames still accepted from the previous connection: acks, and events of rooms that have not rejoined. A broadcast
 * comes on the next connection too.
 */
const isAccepted = ({ state }: Turn, frame: ServerFrame): boolean =>
  frame.type === 'ack' ||
  ((frame.type === 'message' || frame.type === 'presence') &&
    !!state.rooms.get(frame.room)?.membership.rejoiningFrom);

/** A lost attempt is closed by the client too: after malformed frames its socket may still be open. */
function closeLost(turn: Turn, { attempt, code, reason }: EventOf<'lost'>): void {
  emit(turn, { type: 'close', attempt, code, reason });
}

function onPreviousConnection(turn: Turn, live: Live, handover: Overlapping, event: AttemptEvent): void {
  if (event.type === 'lost') {
    setHandover(turn, live, { ...handover, previous: null });
    closeLost(turn, event);
  } else if (event.type === 'received')
    receiveFrames(
      turn,
      event.frames.filter((frame) => isAccepted(turn, frame)),
    );
}

/** An event of the next connection, or of the previous one. */
function onOtherAttempt(turn: Turn, live: Live, event: AttemptEvent): readonly ClientFrame[] | void {
  const { handover } = live;
  if (handover.stage === 'overlapping') return onPreviousConnection(turn, live, handover, event);
  if (handover.stage !== 'opening') return;
  const { next, superseded } = handover;
  if (event.type === 'lost') {
    if (!superseded) return abandonHandover(turn, live, next, event.reason);
    setHandover(turn, live, noHandover);
    closeLost(turn, event);
    return lose(turn, event.code, event.reason);
  }
  if (event.type === 'opened' && next.status === 'opening') {
    const { transport, codec } = event;
    setHandover(turn, live, { ...handover, next: { ...next, status: 'greeting', transport, codec } });
    const frames = [helloFrame(turn.state, next.attempt, event.token)];
    emit(turn, { type: 'write', attempt: next.attempt, frames });
  } else if (event.type === 'received' && next.status === 'greeting')
    return onNextConnection(turn, live, next, superseded, event.frames);
}

/** A room that is wanted is settled once the server has said yes or no, on this connection. */
const isSettled = (room: Room): boolean =>
  !isWanted(room) || (!isJoining(room) && (isJoined(room) || isDenied(room)));

/** Notes the moment at which every room is joined again. */
function settle(turn: Turn): void {
  const { state } = turn;
  const live = liveConnection(state);
  if (!live || live.settledAt < never) return;
  for (const room of state.rooms.values()) if (!isSettled(room)) return;
  // Failures before this connection are over. Connections that ended soon after they were settled still count.
  state.retry = { ...state.retry, failures: state.retry.briefConnections };
  state.connection = { ...live, settledAt: turn.now };
  endOverlap(turn);
}

function stageEndsAt(handover: Handover): number {
  switch (handover.stage) {
    case 'none':
      return never;
    case 'scheduled':
      return handover.at;
    case 'opening':
      return handover.next.giveUpAt;
    case 'overlapping':
      return Math.min(handover.until, handover.thenMoveAt);
    default:
      return handover satisfies never;
  }
}

export const handover: Slice = {
  otherAttempt: onOtherAttempt,
  settle,
  frames: {
    goaway: (turn, { within }) => {
      const { now, state, random } = turn;
      const live = liveConnection(state);
      if (!live || live.handover.stage === 'opening') return;
      // Two servers that both shut down would otherwise send the client to and fro.
      const from = Math.max(now, Math.min(now, live.settledAt) + settledMs);
      const at = from + random() * Math.max(0, now + within - from);
      setHandover(
        turn,
        live,
        live.handover.stage === 'overlapping' ? { ...live.handover, thenMoveAt: at } : scheduled(at),
      );
    },
  },
  liveDeadline: ({ handover }) => stageEndsAt(handover),
  liveTick: (turn) => {
    const { now, state } = turn;
    // Each round ends a stage, so that the next stage ends later or there is none.
    for (let live = workingConnection(state); live; live = workingConnection(state)) {
      if (now < stageEndsAt(live.handover)) return;
      if (live.handover.stage === 'opening')
        abandonHandover(turn, live, live.handover.next, 'no welcome in time');
      else if (live.handover.stage === 'overlapping') endOverlap(turn);
      else startHandover(turn, live);
    }
  },
};
