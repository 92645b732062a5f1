// A slice of the store, compared by identity and then shallowly: the one way in which hooks read.
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { RealtimeState } from '../client/machine/view.js';
import { useRealtime } from './context.js';

/** Anything in the store. Renders again only when the selection changes: by `Object.is`, then shallowly. */
export function useRealtimeStore<T>(selector: (state: RealtimeState) => T): T {
  return useStore(useRealtime().store, useShallow(selector));
}
