// A slice of the store, compared by identity and then shallowly: the one way in which hooks read.
import { useRef } from 'react';
import { useStore } from 'zustand';
import { shared } from '../client/machine/shared.js';
import type { RealtimeState } from '../client/machine/view.js';
import { useRealtime } from './context.js';

/** Anything in the store. Renders again only when the selection changes: by `Object.is`, then shallowly. */
export function useRealtimeStore<T>(selector: (state: RealtimeState) => T): T {
  const last = useRef<T>(undefined);
  return useStore(useRealtime().store, (state) => (last.current = shared(last.current, selector(state))));
}
