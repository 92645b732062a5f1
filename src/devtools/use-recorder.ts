// A recorder for as long as a panel is mounted.
import { useMemo, useSyncExternalStore } from 'react';
import type { Client } from '../client/client.js';
import { record, type Recorder, type Recording } from './recorder.js';

/** React subscribes on mount and, under StrictMode, once more after giving the first up: each recorder that was made is stopped. */
function recorderStore(client: Client): {
  readonly subscribe: (changed: () => void) => () => void;
  readonly get: () => Recorder | null;
} {
  let recorder: Recorder | null = null;
  return {
    subscribe() {
      const own = record(client);
      recorder = own;
      return () => {
        if (recorder === own) recorder = null;
        own.stop();
      };
    },
    get: () => recorder,
  };
}

/** Null before it is mounted, as on a server. */
export function useRecorder(client: Client): Recorder | null {
  const store = useMemo(() => recorderStore(client), [client]);
  return useSyncExternalStore(store.subscribe, store.get, () => null);
}

export const useRecording = (recorder: Recorder): Recording =>
  useSyncExternalStore(recorder.subscribe, recorder.recording, recorder.recording);
