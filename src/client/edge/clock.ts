// The clock: the time, and timers.

export interface Clock {
  now(): number;
  /** Calls `call` once after this many ms. Returns a function that cancels it. */
  after(delayMs: number, call: () => void): () => void;
}

/** The longest delay of `setTimeout`. A longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

/**
 * Returns a clock that never goes back. It follows the wall clock, which counts the time that a device sleeps. While
 * the wall clock was set back or stands still, as in a test that pins it, time goes on by the monotonic clock.
 */
export function forward(wall: () => number, monotonic: () => number): () => number {
  /** The largest difference between the wall clock and the monotonic clock, in ms. */
  let ahead = -Infinity;
  return () => {
    const monotonicNow = monotonic();
    ahead = Math.max(ahead, wall() - monotonicNow);
    return ahead + monotonicNow;
  };
}

export const systemClock: Clock = {
  now: /* @__PURE__ */ forward(
    () => Date.now(),
    () => performance.now(),
  ),
  after(delayMs, call) {
    const timer = setTimeout(call, Math.min(maxDelayMs, Math.max(0, delayMs)));
    return () => {
      clearTimeout(timer);
    };
  },
};
