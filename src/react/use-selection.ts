// A slice of the store, compared by identity and then shallowly: the one way in which hooks read.
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
 * Anything in the store. Renders again only when the selection changes: by `Object.is`, then shallowly. A selector that
 * makes nested objects works too, and renders again with each change of the store.
 *
 * @example
 * const waiting = useRealtimeStore(({ outbox }) => outbox.pending.length);
 */
export function useRealtimeStore<T>(selector: (state: RealtimeState) => T): T {
  return useSelection(useRealtime().store, selector);
}

/** The same from the store of a room, whichever provider stands above. */
export function useSelection<T>(
  store: ReadonlyStore<RealtimeState>,
  selector: (state: RealtimeState) => T,
): T {
  const last = useRef<Selected<T>>(undefined);
  return useStore(store, (state) => {
    const before = last.current;
    // React asks twice for one state, and takes two objects for a change that never ends.
    if (before?.state === state && before.selector === selector) return before.selection;
    const selection = reuseIfEqual(before?.selection, selector(state));
    last.current = { state, selector, selection };
    return selection;
  });
}
