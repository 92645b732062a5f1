// The moment and the alarm.

export interface Clock {
  now(): number;
  /** Calls once after `delay` ms, unless the returned function was called before. */
  after(delay: number, call: () => void): () => void;
}

/** The longest delay that `setTimeout` takes; a longer one would fire at once. */
const longest = 2 ** 31 - 1;

/**
 * The moment by a wall clock, so that the time that a device sleeps counts. Where the wall clock was set back or stands
 * still, as one that a test has pinned does, time goes on by the monotonic clock.
 */
export function forward(wall: () => number, monotonic: () => number): () => number {
  /** The wall clock less the monotonic one, in ms, when the wall clock was last ahead. */
  let ahead = -Infinity;
  return () => {
    const steady = monotonic();
    ahead = Math.max(ahead, wall() - steady);
    return ahead + steady;
  };
}

export const systemClock: Clock = {
  now: /* @__PURE__ */ forward(
    () => Date.now(),
    () => performance.now(),
  ),
  after(delay, call) {
    const timer = setTimeout(call, Math.min(longest, Math.max(0, delay)));
    return () => {
      clearTimeout(timer);
    };
  },
};
