// What the browser says of network and page, as events. A worker has no page, and Node and React Native have neither.

export type Signal = 'online' | 'offline' | 'visible' | 'hidden' | 'pagehide' | 'pageshow';
/** Starts listening; the returned function stops. */
export type Signals = (notify: (signal: Signal) => void) => () => void;

/** Whether there is a page: no worker, Node or React Native. */
export const isPage: boolean = typeof document !== 'undefined';

export const browserSignals: Signals = (notify) => {
  if (typeof addEventListener !== 'function') return () => undefined;
  // The window of a page, or the scope of a worker.
  const world: EventTarget = globalThis;
  const page = typeof document === 'undefined' ? null : document;
  const controller = new AbortController();
  const on = (target: EventTarget, type: string, heard: (event: Event) => void): void => {
    target.addEventListener(type, heard, { signal: controller.signal });
  };
  const visibility = (): void => {
    notify(page?.visibilityState === 'hidden' ? 'hidden' : 'visible');
  };
  if (page) on(page, 'visibilitychange', visibility);
  for (const signal of ['online', 'offline', 'pagehide', 'pageshow'] as const)
    on(world, signal, (event) => {
      // A page that is not persisted is gone for good, and the browser closes the socket itself.
      if ((event as PageTransitionEvent).persisted !== false) notify(signal);
    });
  // Only false says something: where it is missing, nobody knows.
  if (navigator.onLine === false) notify('offline');
  if (page?.visibilityState === 'hidden') visibility();
  return () => {
    controller.abort();
  };
};
