// Publishes the machine's state: updates the store on schedule, and then hands messages to the app's handlers.
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Schedule } from '../edge/frame.js';
import type { Effect } from '../machine/model/effects.js';
import type { State } from '../machine/model/state.js';
import { initialView, type RealtimeState } from '../machine/view/view.js';
import { createViewer } from '../machine/view/viewer.js';

/** Effects for the app's handlers, which hear of them in order. */
export type Delivery = Extract<Effect, { type: 'deliver' | 'deliver-broadcast' | 'reset' }>;

/** A zustand vanilla store that only the client writes to. */
export type ReadonlyStore<T> = Pick<StoreApi<T>, 'getState' | 'getInitialState' | 'subscribe'>;

export interface Audience {
  /** The store was set to another view. */
  readonly changed: (view: RealtimeState, before: RealtimeState) => void;
  /** Hands over messages, or tells of a reset between them. It is called after the store was set. */
  readonly deliver: (delivery: Delivery) => void;
}

export interface Publisher {
  readonly store: ReadonlyStore<RealtimeState>;
  /** Schedules an update of the store, if there is anything to show or to hand over. */
  publish(): void;
  /** Hands this over after the next update of the store. */
  deliver(delivery: Delivery): void;
  /** Updates the store now, if an update is scheduled. */
  flush(): void;
}

export function createPublisher(state: () => State, schedule: Schedule, audience: () => Audience): Publisher {
  const store = createStore<RealtimeState>(() => initialView);
  const viewOf = createViewer();
  let shown = state();
  let isScheduled = false;
  let deliveries: Delivery[] = [];

  const flush = (): void => {
    if (!isScheduled) return;
    isScheduled = false;
    const { changed, deliver } = audience();
    if (shown !== state()) {
      shown = state();
      const before = store.getState();
      const view = viewOf(shown);
      if (view !== before) {
        store.setState(view, true);
        changed(view, before);
      }
    }
    const waiting = deliveries;
    deliveries = [];
    for (const delivery of waiting) deliver(delivery);
  };

  return {
    store,
    publish() {
      if (isScheduled || (shown === state() && !deliveries.length)) return;
      isScheduled = true;
      schedule(flush);
    },
    deliver(delivery) {
      deliveries.push(delivery);
    },
    flush,
  };
}
