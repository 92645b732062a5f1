import type { ConnectionState } from '../client/machine/view/view.js';
import { useRealtimeStore } from './use-selection.js';

/**
 * Returns the state of the connection, or what `selector` takes from it. It renders again when that changes; heartbeats
 * change nothing.
 *
 * @example
 * const isOnline = useConnectionState(({ status }) => status === 'connected');
 */
export function useConnectionState(): ConnectionState;
export function useConnectionState<T>(selector: (state: ConnectionState) => T): T;
export function useConnectionState<T>(selector?: (state: ConnectionState) => T): T | ConnectionState {
  return useRealtimeStore(({ connection }): T | ConnectionState =>
    selector ? selector(connection) : connection,
  );
}
