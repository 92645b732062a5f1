// Clocks for tests: the real one, and one that moves only when a test says so.
import { systemClock, type Clock } from '../client/edge/clock.js';
import { macrotask, soon } from './macrotask.js';

export interface TestClock extends Clock {
  /**
   * Moves the time on by `ms`. All timers until then fire in order, and promises settle in between. The real clock
   * waits for `ms`.
   */
  advance(ms: number): Promise<void>;
  /** Calls after the microtasks of this turn. */
  readonly soon: (call: () => void) => void;
  /** The number of timers that are set. */
  readonly pending: number;
}

interface Alarm {
  readonly at: number;
  readonly call: () => void;
}

export function realClock(): TestClock {
  return {
    ...systemClock,
    soon,
    pending: 0,
    advance: (ms) => new Promise((resolve) => systemClock.after(ms, resolve)),
  };
}

/** Makes a clock that starts at `start`, in ms since 1970, and moves only by `advance`. */
export function virtualClock(start = 1_700_000_000_000): TestClock {
  let now = start;
  /** Sorted by time. Timers of one moment are in the order in which they were set. */
  const alarms: Alarm[] = [];

  const after = (delay: number, call: () => void): (() => void) => {
    const alarm: Alarm = { at: now + Math.max(0, delay), call };
    let [low, high] = [0, alarms.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((alarms[middle] as Alarm).at <= alarm.at) low = middle + 1;
      else high = middle;
    }
    alarms.splice(low, 0, alarm);
    return () => {
      const at = alarms.indexOf(alarm);
      if (at >= 0) alarms.splice(at, 1);
    };
  };

  return {
    now: () => now,
    after,
    soon: (call) => {
      after(0, call);
    },
    get pending() {
      return alarms.length;
    },
    async advance(ms) {
      const until = now + ms;
      await macrotask();
      for (let [alarm] = alarms; alarm && alarm.at <= until; [alarm] = alarms) {
        now = Math.max(now, alarm.at);
        alarms.shift();
        alarm.call();
        await macrotask();
      }
      now = until;
    },
  };
}
