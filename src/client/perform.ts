// Does what the machine's effects ask for.
import type { Attempts } from './attempts.js';
import type { Listeners } from './client-events.js';
import type { Delivery } from './driver/publisher.js';
import type { Effect } from './machine/model/effects.js';
import { errorOf, type Promises } from './rooms/promises.js';
import type { StorageLink } from './storage-link.js';

/** An effect that something other than the app's handlers takes. */
export type PerformedEffect = Exclude<Effect, Delivery>;

export function createPerform(
  attempts: Attempts,
  promises: Promises,
  storage: StorageLink,
  { emit, report }: Listeners,
): (effect: PerformedEffect) => void {
  const performers: {
    readonly [T in PerformedEffect['type']]: (effect: Extract<PerformedEffect, { type: T }>) => unknown;
  } = {
    ...attempts,
    settle({ ids, outcome }) {
      for (const id of ids) promises.settle(id, outcome);
    },
    history({ ref, outcome }) {
      promises.settle(ref, outcome);
    },
    disowned({ user }) {
      storage.disown(user);
    },
    'acked-lost'({ room, count }) {
      emit('acked-lost', { room, count });
    },
    report({ failure, room }) {
      report(errorOf(failure), room);
    },
  };
  return (effect) => {
    (performers[effect.type] as (effect: PerformedEffect) => unknown)(effect);
  };
}
