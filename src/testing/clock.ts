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
  readonly order: number;
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
  let order = 0;
  const alarms = new Set<Alarm>();

  const next = (): Alarm | undefined => {
    let first: Alarm | undefined;
    for (const alarm of alarms) if (!first || alarm.at < first.at || (alarm.at === first.at && alarm.order < first.order)) first = alarm;
    return first;
  };
  const after = (delay: number, call: () => void): (() => void) => {
    const alarm: Alarm = { at: now + Math.max(0, delay), order: ++order, call };
    alarms.add(alarm);
    return () => {
      alarms.delete(alarm);
    };
  };

  return {
    now: () => now,
    after,
    soon: (call) => {
      after(0, call);
    },
    get pending() {
      return alarms.size;
    },
    async advance(ms) {
      const until = now + ms;
      await macrotask();
      for (let alarm = next(); alarm && alarm.at <= until; alarm = next()) {
        now = Math.max(now, alarm.at);
        alarms.delete(alarm);
        alarm.call();
        await macrotask();
      }
      now = until;
    },
  };
}
