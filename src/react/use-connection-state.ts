import type { ConnectionState } from '../client/machine/view/view.js';
import { useRealtimeStore } from './use-selection.js';

/** What the connection does, or a selection of it. A heartbeat changes nothing in it. */
export function useConnectionState(): ConnectionState;
export function useConnectionState<T>(selector: (state: ConnectionState) => T): T;
export function useConnectionState<T>(selector?: (state: ConnectionState) => T): T | ConnectionState {
  return useRealtimeStore(({ connection }): T | ConnectionState =>
    selector ? selector(connection) : connection,
  );
}
