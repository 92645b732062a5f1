// What a client went through lately: events of its machine with the state before and after, frames both ways, the connection's life, round trips.
import type { Client, Inspection } from '../client/client.js';
import { systemClock, type Clock } from '../client/edge/clock.js';
import type { Effect } from '../client/machine/model/effects.js';
import type { Event } from '../client/machine/model/events.js';
import type { State } from '../client/machine/model/state.js';
import type { ConnectionState } from '../client/machine/view/view.js';
import type { ClientFrame, ServerFrame } from '../protocol/frames.js';
import { createFaults, type Faults } from './faults.js';
import { createRing } from './ring.js';

/** One event of the machine. */
export interface Moment {
  readonly id: number;
  /** When, in ms since 1970. */
  readonly at: number;
  readonly event: Event;
  readonly before: State;
  readonly after: State;
  readonly effects: readonly Effect[];
}

/** One frame, as it was read or written. */
export type Line = { readonly id: number; readonly at: number; readonly attempt: number } & (
  | { readonly direction: 'in'; readonly frame: ServerFrame }
  | { readonly direction: 'out'; readonly frame: ClientFrame }
);

/** Since when the connection was in a state. */
export interface Span {
  readonly id: number;
  readonly at: number;
  readonly state: ConnectionState;
}

export interface RoundTrip {
  readonly id: number;
  readonly at: number;
  readonly ms: number;
}

export interface Recording {
  /** When this was, in ms since 1970. */
  readonly at: number;
  readonly moments: readonly Moment[];
  readonly lines: readonly Line[];
  readonly spans: readonly Span[];
  readonly trips: readonly RoundTrip[];
  readonly state: State;
}

export interface Recorder {
  readonly faults: Faults;
  readonly inspection: Inspection;
  /** Calls some times a second at most, however much happens. */
  subscribe(listener: () => void): () => void;
  recording(): Recording;
  clear(): void;
  stop(): void;
}

/** How many of each are kept. */
const kept = { moments: 500, lines: 1_000, spans: 200, trips: 300 };
/** From one telling to the next, in ms. */
const pace = 250;

/** Records from now on; `stop` leaves the client as it was. */
export function record(client: Client, { now, after: later }: Clock = systemClock): Recorder {
  const moments = createRing<Moment>(kept.moments);
  const lines = createRing<Line>(kept.lines);
  const spans = createRing<Span>(kept.spans);
  const trips = createRing<RoundTrip>(kept.trips);
  const listeners = new Set<() => void>();
  let count = 0;
  let telling: (() => void) | null = null;
  let shown: Recording | null = null;

  const tell = (): void => {
    telling = null;
    shown = null;
    for (const listener of Array.from(listeners)) listener();
  };
  const changed = (): void => {
    telling ??= later(pace, tell);
  };

  const inspection = client.inspect((event, step) => {
    const passed = faults.event(event);
    if (!passed) return [];
    const at = now();
    const before = inspection.state();
    const effects = step(passed);
    const after = inspection.state();
    // The machine looks whether there is something to do, many times a second: where there is not, nothing happened.
    if (after !== before || effects.length > 0) {
      moments.push({ id: ++count, at, event: passed, before, after, effects });
      if (passed.type === 'received')
        for (const frame of passed.frames)
          lines.push({ id: ++count, at, attempt: passed.attempt, direction: 'in', frame });
      for (const effect of effects)
        if (effect.type === 'write')
          for (const frame of effect.frames)
            lines.push({ id: ++count, at, attempt: effect.attempt, direction: 'out', frame });
      if (after.latency && after.latency !== before.latency)
        trips.push({ id: ++count, at, ms: after.latency.last });
      changed();
    }
    return effects.filter(faults.effect);
  });
  const faults = createFaults(inspection, changed);

  const spanned = (state: ConnectionState): void => {
    spans.push({ id: ++count, at: now(), state });
    changed();
  };
  spanned(client.store.getState().connection);
  const unsubscribe = client.store.subscribe(({ connection }, { connection: before }) => {
    if (connection !== before) spanned(connection);
  });

  return {
    faults,
    inspection,
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    recording: () =>
      (shown ??= {
        at: now(),
        moments: moments.all(),
        lines: lines.all(),
        spans: spans.all(),
        trips: trips.all(),
        state: inspection.state(),
      }),
    clear() {
      for (const ring of [moments, lines, trips]) ring.clear();
      tell();
    },
    stop() {
      faults.end();
      inspection.stop();
      unsubscribe();
      telling?.();
      telling = null;
      listeners.clear();
    },
  };
}
