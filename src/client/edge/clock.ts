// The moment and the alarm.

export interface Clock {
  now(): number;
  /** Calls once after `delay` ms, unless the returned function was called before. */
  after(delay: number, call: () => void): () => void;
}

/** The longest delay that `setTimeout` takes; a longer one would fire at once. */
const longest = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, call) {
    const timer = setTimeout(call, Math.min(longest, Math.max(0, delay)));
    return () => {
      clearTimeout(timer);
    };
  },
};
