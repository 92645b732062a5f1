// A time that moves only by what is due in it: no promise, no wait, so that a minute of a small world takes a few ms.

/** What the one who lives in this time waits for by itself. */
export interface Alarm {
  /** Infinity: for nothing. */
  readonly deadline: () => number;
  readonly ring: () => void;
}

export interface Agenda {
  readonly now: number;
  /** Of two for the same moment, the one that was noted first comes first. A moment that is past comes as soon as it can. */
  at(moment: number, call: () => void): void;
  after(delay: number, call: () => void): void;
  /** Does what is due until then, and rings the alarm whenever it comes before that. */
  run(until: number, alarm: Alarm): void;
}

/** More steps than any run needs: what waits for a moment that never passes is found by it. */
const mostSteps = 200_000;

export function createAgenda(start = 1_000_000): Agenda {
  let now = start;
  /** By moment, and in the order in which they were noted. */
  const due: { readonly moment: number; readonly call: () => void }[] = [];

  const self: Agenda = {
    get now() {
      return now;
    },
    at(moment, call) {
      const before = due.findLastIndex((entry) => entry.moment <= moment);
      due.splice(before + 1, 0, { moment, call });
    },
    after(delay, call) {
      self.at(now + delay, call);
    },
    run(until, { deadline, ring }) {
      for (let steps = 0; ; steps++) {
        if (steps > mostSteps) throw new Error(`still busy at ${now - start} ms after ${steps} steps`);
        const rings = deadline();
        const first = due[0]?.moment ?? Infinity;
        const next = Math.min(rings, first);
        if (next > until) break;
        now = Math.max(now, next);
        if (first <= rings) due.shift()?.call();
        else ring();
      }
      now = until;
    },
  };
  return self;
}
