// Proof of life: the server answers the frames that the client writes. Without an answer the connection is doubted and
// probed, and then given up.
import { closeSilent } from '../../../protocol/codes.js';
import type { ServerFrame } from '../../../protocol/frames.js';
import { isDoubted, type Heartbeat, type Live } from '../model/connection-state.js';
import { liveConnection, writeFrames } from '../model/draft.js';
import type { Slice, Turn } from '../model/slice.js';
import { never, probeTimeoutMs } from '../model/limits.js';
import type { Latency } from '../model/state.js';
import { lose } from './lifecycle.js';

const answers: ReadonlySet<string> = new Set(['pong', 'ack', 'nack', 'joined', 'history']);

/**
 * True if the frame answers one of the client's own. Only an answer proves that the link works in both directions: if
 * the client's frames do not arrive any more, messages of other members still come. An `ack` counts like a `pong`,
 * because a ping may wait behind a long backlog on a slow line.
 */
export const isAnswer = ({ type }: ServerFrame): boolean => answers.has(type);

/** When silence makes the connection doubtful: early enough that the probe ends at interval + timeout. */
const doubtAt = ({ heartbeat }: Live): number =>
  heartbeat.answeredAt + heartbeat.interval + Math.max(0, heartbeat.timeout - probeTimeoutMs);

/** The round trips smoothed as in TCP, with a weight of 1/8 (RFC 6298 §2), and the jitter of RFC 3550 §6.4.1. */
export function updateLatency(before: Latency | null, last: number): Latency {
  const { last: previous, average, jitter } = before ?? { last, average: last, jitter: 0 };
  return {
    last,
    average: average + (last - average) / 8,
    jitter: jitter + (Math.abs(last - previous) - jitter) / 16,
  };
}

function updateHeartbeat(turn: Turn, live: Live, changes: Partial<Heartbeat>): void {
  turn.state.connection = { ...live, heartbeat: { ...live.heartbeat, ...changes } };
}

function ping(turn: Turn, live: Live, changes?: Partial<Heartbeat>): void {
  updateHeartbeat(turn, live, { pingAt: turn.now + live.heartbeat.interval, ...changes });
  writeFrames(turn, [{ type: 'ping', time: turn.now }]);
}

/** Asks a doubtful connection for an answer within two seconds. Nothing else is written until one comes. */
function probe(turn: Turn, live: Live): void {
  const { now } = turn;
  const { probeUntil } = live.heartbeat;
  if (isDoubted(live) && now - probeUntil <= probeTimeoutMs) return;
  ping(turn, live, { probeUntil: now + probeTimeoutMs });
}

/** The server has answered: the connection works. */
export function noteAnswer(turn: Turn, live: Live): void {
  const isKnown = live.heartbeat.answeredAt === turn.now && !isDoubted(live);
  if (!isKnown) updateHeartbeat(turn, live, { answeredAt: turn.now, probeUntil: never });
}

export const heartbeat: Slice = {
  frames: {
    ping: (turn, { time }) => {
      const live = liveConnection(turn.state);
      if (live) turn.state.connection = { ...live, clockSkew: time - turn.now };
    },
    pong: (turn, { time, spread }) => {
      const { now, state } = turn;
      const live = liveConnection(state);
      // Only a ping of this connection counts, and no time that the server made up.
      if (!live || time < live.since || now < time) return;
      state.latency = updateLatency(state.latency, now - time);
      state.connection = { ...live, returnSpread: spread ?? 0 };
    },
  },
  doubted: (turn) => {
    const live = liveConnection(turn.state);
    if (live) probe(turn, live);
  },
  beforeWrite: (turn, live) => {
    if (turn.now >= doubtAt(live)) probe(turn, live);
  },
  liveDeadline: (live) => Math.min(doubtAt(live), live.heartbeat.pingAt),
  liveTick: (turn, live) => {
    if (turn.now >= live.heartbeat.pingAt) ping(turn, live);
  },
  // The end of a probe.
  deadline: (state) => liveConnection(state)?.heartbeat.probeUntil ?? never,
  tick: (turn) => {
    const live = liveConnection(turn.state);
    const late = live ? turn.now - live.heartbeat.probeUntil : -never;
    if (!live || late < 0) return;
    // A tick this late means that the machine slept or was busy: the answer may be there, and not be read yet.
    if (late > probeTimeoutMs) probe(turn, live);
    else lose(turn, closeSilent, 'nothing was heard');
  },
};
