// The only door into the machine: queues events, applies the transition, performs the effects, sets the store, keeps one alarm.
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Clock } from './edge/clock.js';
import type { Schedule } from './edge/frame.js';
import type { Context } from './machine/model/context.js';
import { deadline } from './machine/deadline.js';
import type { Effect } from './machine/model/effects.js';
import type { Event, Outgoing } from './machine/model/events.js';
import type { State } from './machine/model/state.js';
import type { Slices } from './machine/model/slice.js';
import { canHandle, transition } from './machine/transition.js';
import { initialView, type RealtimeState } from './machine/view/view.js';
import { createViewer } from './machine/view/viewer.js';

export interface DriverPorts {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly context: Omit<Context, 'now'>;
  /** The slices of the machine that are there now. */
  readonly slices: () => Slices;
  /** Does what an effect asks for; may dispatch. */
  readonly perform: (effect: Exclude<Effect, Delivery>) => void;
  /** Hands messages to handlers, and tells of a reset between them; called after the store was set. */
  readonly deliver: (delivery: Delivery) => void;
  /** After a turn of changes. */
  readonly pumped: () => void;
  /** After the store was set. */
  readonly changed: (view: RealtimeState, before: RealtimeState) => void;
}

/** What handlers are told in order. */
export type Delivery = Extract<Effect, { type: 'deliver' | 'deliver-broadcast' | 'reset' }>;

/** Stands between an event and the machine: what it returns is what is performed. `step` takes an event and returns its effects; who does not call it keeps the event from happening. */
export type Inspector = (event: Event, step: (event: Event) => readonly Effect[]) => readonly Effect[];

/** A zustand vanilla store that only the driver writes. */
export type ReadonlyStore<T> = Pick<StoreApi<T>, 'getState' | 'getInitialState' | 'subscribe'>;

export interface Driver {
  readonly store: ReadonlyStore<RealtimeState>;
  state(): State;
  dispatch(event: Event): void;
  /** Takes a message of our own; all that come in one turn are one event. */
  send(message: Outgoing): void;
  /** Sets the store now instead of later. */
  flush(): void;
  /** Puts an inspector in front of the machine, and those that are there already; what it returns takes it away. */
  inspect(inspector: Inspector): () => void;
}

export function createDriver(initial: State, ports: DriverPorts): Driver {
  const { clock } = ports;
  const context = { ...ports.context, now: 0 };
  const store = createStore<RealtimeState>(() => initialView);
  const viewOf = createViewer();
  let state = initial;
  let shown = initial;
  let running = false;
  let pumping = false;
  let mustPump = false;
  let flushing = false;
  let armedFor = Infinity;
  let disarm: () => void = () => undefined;
  const events: Event[] = [];
  /** Events that wait for slices which come with the code of the connection. */
  let held: Event[] = [];
  let outgoing: Outgoing[] = [];
  let deliveries: Delivery[] = [];

  const arm = (): void => {
    const next = deadline(state, ports.slices());
    // Every word from the server moves a deadline away: one that rings early is cheaper than one that is set anew each time.
    if (next === armedFor || (next > armedFor && next < Infinity)) return;
    disarm();
    armedFor = next;
    disarm =
      next === Infinity
        ? () => undefined
        : clock.after(next - clock.now(), () => {
            armedFor = Infinity;
            dispatch({ type: 'tick' });
          });
  };

  const takeOutgoing = (): void => {
    if (outgoing.length === 0) return;
    const messages = outgoing;
    outgoing = [];
    dispatch({ type: 'send', messages });
  };

  const pump = (): void => {
    takeOutgoing();
    pumping = false;
    dispatch({ type: 'pump' });
    ports.pumped();
  };

  const pumpSoon = (): void => {
    if (pumping) return;
    pumping = true;
    queueMicrotask(pump);
  };

  const flush = (): void => {
    flushing = false;
    if (shown !== state) {
      shown = state;
      const before = store.getState();
      const view = viewOf(state);
      if (view !== before) {
        store.setState(view, true);
        ports.changed(view, before);
      }
    }
    const due = deliveries;
    deliveries = [];
    for (const delivery of due) ports.deliver(delivery);
  };

  const flushSoon = (): void => {
    if (flushing) return;
    flushing = true;
    ports.schedule(() => {
      if (flushing) flush();
    });
  };

  const machine = (event: Event): readonly Effect[] => {
    context.now = clock.now();
    const [after, effects] = transition(state, event, context, ports.slices());
    if (after !== state && event.type !== 'pump') mustPump = true;
    state = after;
    return effects;
  };
  let step = machine;

  /** Events that can be handled now, in order: those that waited come before this one. */
  function handleable(event: Event): readonly Event[] {
    const all = [...held, event];
    held = all.filter((each) => !canHandle(ports.slices(), each));
    return held.length > 0 ? all.filter((each) => !held.includes(each)) : all;
  }

  function dispatch(event: Event): void {
    events.push(...handleable(event));
    if (running) return;
    running = true;
    try {
      for (let next = events.shift(); next; next = events.shift()) {
        for (const effect of step(next)) {
          if (effect.type === 'deliver' || effect.type === 'deliver-broadcast' || effect.type === 'reset')
            deliveries.push(effect);
          else ports.perform(effect);
        }
      }
    } finally {
      running = false;
    }
    // Behind whoever was told by the effects: what they send leaves with the same pump.
    if (mustPump) pumpSoon();
    mustPump = false;
    if (shown !== state || deliveries.length) flushSoon();
    arm();
  }

  return {
    store,
    state: () => state,
    dispatch(event) {
      // What was sent before this comes before it: it is what a close settles and an abort takes back, and a message that is tried again is newer.
      if (
        event.type === 'close' ||
        event.type === 'retry' ||
        event.type === 'abort' ||
        event.type === 'discard'
      )
        takeOutgoing();
      if (event.type === 'close') {
        ports.pumped();
        // What was received before is handed over before, and nothing after.
        if (flushing) flush();
      }
      dispatch(event);
    },
    send(message) {
      outgoing.push(message);
      pumpSoon();
    },
    flush,
    inspect(inspector) {
      const inner = step;
      let ended = false;
      const mine: typeof step = (event) => (ended ? inner(event) : inspector(event, inner));
      step = mine;
      return () => {
        ended = true;
        if (step === mine) step = inner;
      };
    },
  };
}
