// Time for tests: the real one, or one that stands still until it is told to move.
import { systemClock, type Clock } from '../client/edge/clock.js';
import { macrotask, soon } from './macrotask.js';

export interface TestClock extends Clock {
  /** Moves on by `ms`: everything due by then happens, in order, with every promise settled in between. The real clock waits. */
  advance(ms: number): Promise<void>;
  readonly soon: (call: () => void) => void;
  /** Alarms that are set. */
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

/** A clock that starts at `start` ms and moves only by `advance`. */
export function virtualClock(start = 1_700_000_000_000): TestClock {
  let now = start;
  /** By moment, and in the order in which they were set. */
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
