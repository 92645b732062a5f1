// The only way into the machine: queues events, performs effects, publishes the state and keeps one alarm.
import type { Clock } from '../edge/clock.js';
import type { Schedule } from '../edge/frame.js';
import { deadline } from '../machine/deadline.js';
import type { Context } from '../machine/model/context.js';
import type { Effect } from '../machine/model/effects.js';
import type { Event, Outgoing } from '../machine/model/events.js';
import type { Slices } from '../machine/model/slice.js';
import type { State } from '../machine/model/state.js';
import type { RealtimeState } from '../machine/view/view.js';
import { createAlarm } from './alarm.js';
import { createMachineRunner, type Inspector } from './machine-runner.js';
import { createPublisher, type Audience, type Delivery, type ReadonlyStore } from './publisher.js';

export interface DriverPorts {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly context: Omit<Context, 'now'>;
}

/** What a driver calls. */
export interface DriverTargets extends Audience {
  /** Returns the slices of the machine whose code is there. */
  readonly slices: () => Slices;
  /** Does what an effect asks for. It may dispatch events. */
  readonly perform: (effect: Exclude<Effect, Delivery>) => void;
  /** The changes of one turn of the event loop are complete. */
  readonly pumped: () => void;
}

export interface Driver {
  readonly store: ReadonlyStore<RealtimeState>;
  state(): State;
  dispatch(event: Event): void;
  /** Takes a message of the app. All messages of one turn of the event loop become one event. */
  send(message: Outgoing): void;
  /** Puts an inspector in front of the machine and of earlier inspectors. Returns a function that takes it away. */
  inspect(inspector: Inspector): () => void;
  /** Connects the driver to the parts that it calls. It comes before the first event. */
  connect(targets: DriverTargets): void;
}

const isDelivery = (effect: Effect): effect is Delivery =>
  effect.type === 'deliver' || effect.type === 'deliver-broadcast' || effect.type === 'reset';

export function createDriver(initial: State, { clock, schedule, context }: DriverPorts): Driver {
  let targets: DriverTargets;
  let isPumpScheduled = false;
  const outgoing: Outgoing[] = [];

  const perform = (effect: Effect): void => {
    if (isDelivery(effect)) deliver(effect);
    else targets.perform(effect);
  };
  const handled = (hasChanged: boolean): void => {
    // An effect may have called the app. What the app sends then leaves with the same pump.
    if (hasChanged) pumpSoon();
    publish();
    setAlarm(deadline(state(), slices()));
  };
  const slices = (): Slices => targets.slices();
  const { state, handle, inspect } = createMachineRunner(initial, context, clock, slices, perform, handled);
  const { store, publish, deliver, flush } = createPublisher(state, schedule, () => targets);
  const setAlarm = createAlarm(clock, () => {
    handle({ type: 'tick' });
  });

  const takeOutgoing = (): void => {
    if (outgoing.length > 0) handle({ type: 'send', messages: outgoing.splice(0) });
  };
  const pumpSoon = (): void => {
    if (isPumpScheduled) return;
    isPumpScheduled = true;
    queueMicrotask(() => {
      takeOutgoing();
      isPumpScheduled = false;
      handle({ type: 'pump' });
      targets.pumped();
    });
  };

  return {
    store,
    state,
    dispatch(event) {
      const { type } = event;
      // A close settles the messages that were sent before, an abort takes one back, and a retry makes a newer one.
      if (type === 'close' || type === 'retry' || type === 'abort' || type === 'discard') takeOutgoing();
      if (type === 'close') {
        targets.pumped();
        // Handlers hear of what was received before the close, and of nothing after.
        flush();
      }
      handle(event);
    },
    send(message) {
      outgoing.push(message);
      pumpSoon();
    },
    inspect,
    connect(given) {
      targets = given;
    },
  };
}
