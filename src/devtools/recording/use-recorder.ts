// Records a client while a panel is mounted.
import { useMemo, useSyncExternalStore } from 'react';
import type { Client } from '../../client/client.js';
import { record, type Recorder, type Recording } from './recorder.js';

/**
 * React subscribes on mount. Under StrictMode it unsubscribes and subscribes again, so each recorder is stopped by
 * itself.
 */
function recorderStore(client: Client): {
  readonly subscribe: (changed: () => void) => () => void;
  readonly get: () => Recorder | null;
} {
  let recorder: Recorder | null = null;
  return {
    subscribe() {
      const started = record(client);
      recorder = started;
      return () => {
        if (recorder === started) recorder = null;
        started.stop();
      };
    },
    get: () => recorder,
  };
}

/** Returns null before the component is mounted, as on a server. */
export function useRecorder(client: Client): Recorder | null {
  const store = useMemo(() => recorderStore(client), [client]);
  return useSyncExternalStore(store.subscribe, store.get, () => null);
}

export const useRecording = (recorder: Recorder): Recording =>
  useSyncExternalStore(recorder.subscribe, recorder.recording, recorder.recording);
