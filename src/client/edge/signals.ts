// What the browser says of network and page, as events. Says nothing where there is no browser.

export type Signal = 'online' | 'offline' | 'visible' | 'hidden' | 'pagehide' | 'pageshow';
/** Starts listening; the returned function stops. */
export type Signals = (notify: (signal: Signal) => void) => () => void;

export const browserSignals: Signals = (notify) => {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => undefined;
  const controller = new AbortController();
  const on = (target: EventTarget, type: string, heard: (event: Event) => void): void => {
    target.addEventListener(type, heard, { signal: controller.signal });
  };
  const visibility = (): void => {
    notify(document.visibilityState === 'hidden' ? 'hidden' : 'visible');
  };
  on(document, 'visibilitychange', visibility);
  for (const signal of ['online', 'offline'] as const)
    on(window, signal, () => {
      notify(signal);
    });
  // Without `persisted` the page is gone for good, and the browser closes the socket itself.
  for (const signal of ['pagehide', 'pageshow'] as const)
    on(window, signal, (event) => {
      if ((event as PageTransitionEvent).persisted) notify(signal);
    });
  if (!navigator.onLine) notify('offline');
  if (document.visibilityState === 'hidden') visibility();
  return () => {
    controller.abort();
  };
};
