// Signals of the browser about network and page. A worker has no page. Node and React Native have neither.

export type Signal = 'online' | 'offline' | 'visible' | 'hidden' | 'pagehide' | 'pageshow';
/** Starts to listen. Returns a function that stops. */
export type Signals = (notify: (signal: Signal) => void) => () => void;

/** True in a page; false in a worker, Node and React Native. */
export const isPage: boolean = typeof document !== 'undefined';

export const browserSignals: Signals = (notify) => {
  if (typeof addEventListener !== 'function') return () => undefined;
  // The window of a page, or the scope of a worker.
  const world: EventTarget = globalThis;
  const page = typeof document === 'undefined' ? null : document;
  const controller = new AbortController();
  const on = (target: EventTarget, type: string, listener: (event: Event) => void): void => {
    target.addEventListener(type, listener, { signal: controller.signal });
  };
  const notifyVisibility = (): void => {
    notify(page?.visibilityState === 'hidden' ? 'hidden' : 'visible');
  };
  if (page) on(page, 'visibilitychange', notifyVisibility);
  for (const signal of ['online', 'offline', 'pagehide', 'pageshow'] as const)
    on(world, signal, (event) => {
      // `persisted` is false for a page that is gone for good. The browser closes its socket.
      if ((event as PageTransitionEvent).persisted !== false) notify(signal);
    });
  // Platforms without a network state leave it undefined.
  if (navigator.onLine === false) notify('offline');
  if (page?.visibilityState === 'hidden') notifyVisibility();
  return () => {
    controller.abort();
  };
};
