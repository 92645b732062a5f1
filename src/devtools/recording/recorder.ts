// Records the newest events of a client's machine with the state before and after, its frames in both directions, its
// connection states and its round trips.
import type { Client, Inspection } from '../../client/client.js';
import { systemClock, type Clock } from '../../client/edge/clock.js';
import type { Effect } from '../../client/machine/model/effects.js';
import type { Event } from '../../client/machine/model/events.js';
import type { State } from '../../client/machine/model/state.js';
import type { ConnectionState } from '../../client/machine/view/view.js';
import type { ClientFrame, ServerFrame } from '../../protocol/frames.js';
import { createFaults, type Faults } from './faults.js';
import { createRing } from './ring.js';

/** One event of the machine. */
export interface Moment {
  readonly id: number;
  /** The time of the event, in ms since 1970. */
  readonly at: number;
  readonly event: Event;
  readonly before: State;
  readonly after: State;
  readonly effects: readonly Effect[];
}

/** One frame that the client read or wrote. */
export type Line = { readonly id: number; readonly at: number; readonly attempt: number } & (
  | { readonly direction: 'in'; readonly frame: ServerFrame }
  | { readonly direction: 'out'; readonly frame: ClientFrame }
);

/** A state of the connection, from `at` on. */
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
  /** The time of this recording, in ms since 1970. */
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
  /** Calls the listener after changes, at most four times a second. */
  subscribe(listener: () => void): () => void;
  recording(): Recording;
  clear(): void;
  stop(): void;
}

/** The number of items of each kind that are kept. */
const maxItems = { moments: 500, lines: 1_000, spans: 200, trips: 300 };
/** The shortest time from one call of the listeners to the next, in ms. */
const notifyPauseMs = 250;

/** Records from now on. After `stop` the client is as it was before. */
export function record(client: Client, { now, after: later }: Clock = systemClock): Recorder {
  const moments = createRing<Moment>(maxItems.moments);
  const lines = createRing<Line>(maxItems.lines);
  const spans = createRing<Span>(maxItems.spans);
  const trips = createRing<RoundTrip>(maxItems.trips);
  const listeners = new Set<() => void>();
  let count = 0;
  let cancelNotify: (() => void) | null = null;
  let shown: Recording | null = null;

  const notify = (): void => {
    cancelNotify = null;
    shown = null;
    for (const listener of Array.from(listeners)) listener();
  };
  const changed = (): void => {
    cancelNotify ??= later(notifyPauseMs, notify);
  };

  const inspection = client.inspect((event, step) => {
    const passed = faults.event(event);
    if (!passed) return [];
    const at = now();
    const before = inspection.state();
    const effects = step(passed);
    const after = inspection.state();
    // Many ticks of the machine change nothing. They are not recorded.
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

  const addSpan = (state: ConnectionState): void => {
    spans.push({ id: ++count, at: now(), state });
    changed();
  };
  addSpan(client.store.getState().connection);
  const unsubscribe = client.store.subscribe(({ connection }, { connection: before }) => {
    if (connection !== before) addSpan(connection);
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
      notify();
    },
    stop() {
      faults.end();
      inspection.stop();
      unsubscribe();
      cancelNotify?.();
      cancelNotify = null;
      listeners.clear();
    },
  };
}
