import type { Latency } from '../client/machine/model/state.js';
import { useRealtimeStore } from './use-selection.js';

/** Round trips in ms, as the heartbeat measures them; null before the first. */
export function useLatency(): Latency | null {
  return useRealtimeStore(({ latency }) => latency);
}
