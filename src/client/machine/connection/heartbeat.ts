// Proof of life: the server answers what the client writes. What follows where no answer comes, and how
// latency is measured.
import type { ServerFrame } from '../../../protocol/frames.js';
import { probeTime } from '../model/context.js';
import type { Live } from '../model/connection-state.js';
import type { Latency } from '../model/state.js';

const answers: ReadonlySet<string> = new Set(['pong', 'ack', 'nack', 'joined', 'history']);

/**
 * Whether a frame answers one of the client's own. Only an answer proves that the link carries both ways:
 * where the client's frames
 * do not arrive any more, the messages of others still come. Receipts count beside pongs, because a ping may
 * wait behind a long
 * backlog on a slow line.
 */
export const isAnswer = ({ type }: ServerFrame): boolean => answers.has(type);

/** When silence makes a live link doubtful: early enough that the probe ends at interval + timeout. */
export const doubtAt = (live: Live): number =>
  live.heardAt + live.interval + Math.max(0, live.timeout - probeTime);

/** An exponential average with a weight of 1/8, as TCP smooths its round trips (RFC 6298 §2), and the jitter of RFC 3550 §6.4.1. */
export function measured(before: Latency | null, last: number): Latency {
  const { last: previous, average, jitter } = before ?? { last, average: last, jitter: 0 };
  return {
    last,
    average: average + (last - average) / 8,
    jitter: jitter + (Math.abs(last - previous) - jitter) / 16,
  };
}
