import type { Latency } from '../client/machine/model/state.js';
import { useRealtimeStore } from './use-selection.js';

/** Returns the round trips of the heartbeat, in ms, or null before the first one. */
export function useLatency(): Latency | null {
  return useRealtimeStore(({ latency }) => latency);
}
