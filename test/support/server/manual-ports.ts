// The ports of Node, but for the clock and the timers: a test moves those on.
import { nodePorts } from '../../../src/server/node/system/ports.js';
import type { ServerPorts } from '../../../src/server/ports/ports.js';

export interface ManualPorts extends ServerPorts {
  /** How many timers are set. */
  readonly timers: number;
  /** Moves the monotonic clock on by `ms`, and rings what is due by then, in order. */
  advance(ms: number): void;
}

export function manualPorts(): ManualPorts {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly call: () => void }>();
  return {
    ...nodePorts,
    monotonicNow: () => now,
    setTimer(delay, call) {
      const timer = { at: now + delay, call };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    get timers() {
      return timers.size;
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).toSorted((one, two) => one.at - two.at);
        if (!next) break;
        timers.delete(next);
        now = next.at;
        next.call();
      }
      now = end;
    },
  };
}
