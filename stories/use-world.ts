// A world for one mounted story: made when it mounts, closed when it is gone.
import { useState, useSyncExternalStore } from 'react';
import type { TestRealtime } from 'roomful/testing';

export interface World {
  readonly world: TestRealtime;
}

/** React subscribes on mount and, under StrictMode, once more after giving the first up: each world that was made is closed. */
function worldStore<W extends World>(create: () => W): { readonly subscribe: () => () => void; readonly get: () => W | null } {
  let made: W | null = null;
  return {
    subscribe() {
      const own = create();
      made = own;
      return () => {
        if (made === own) made = null;
        void own.world.close();
      };
    },
    get: () => made,
  };
}

/** The story's own world; null before the story is mounted. */
export function useWorld<W extends World>(create: () => W): W | null {
  const [store] = useState(() => worldStore(create));
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
