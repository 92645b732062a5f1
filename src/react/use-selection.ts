// Selects from the store. All hooks read the store this way.
import { useRef } from 'react';
import { useStore } from 'zustand';
import { reuseIfEqual } from '../client/machine/view/structural-sharing.js';
import type { ReadonlyStore } from '../client/driver/publisher.js';
import type { RealtimeState } from '../client/machine/view/view.js';
import { useRealtime } from './context.js';

interface Selected<T> {
  readonly state: RealtimeState;
  readonly selector: (state: RealtimeState) => T;
  readonly selection: T;
}

/**
 * Returns what `selector` takes from the store. It renders again when that changes, compared by `Object.is` and then
 * shallowly. A selector that makes nested objects renders again with each change of the store.
 *
 * @example
 * const waiting = useRealtimeStore(({ outbox }) => outbox.pending.length);
 */
export function useRealtimeStore<T>(selector: (state: RealtimeState) => T): T {
  return useSelection(useRealtime().store, selector);
}

/** Selects from a given store, such as that of a room, whose client need not be the provider's. */
export function useSelection<T>(
  store: ReadonlyStore<RealtimeState>,
  selector: (state: RealtimeState) => T,
): T {
  const last = useRef<Selected<T>>(undefined);
  return useStore(store, (state) => {
    const before = last.current;
    // React asks twice for each state. Two different objects would make it render without end.
    if (before?.state === state && before.selector === selector) return before.selection;
    const selection = reuseIfEqual(before?.selection, selector(state));
    last.current = { state, selector, selection };
    return selection;
  });
}
