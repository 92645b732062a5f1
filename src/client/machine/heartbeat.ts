// Proof of life: any frame counts. What follows from silence, and how latency is measured.
import { probeTime } from './context.js';
import type { Live } from './connection-state.js';
import type { Latency } from './state.js';

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
