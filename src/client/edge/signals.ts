// What the browser says of network and page, as events. Says nothing where there is no browser.

export type Signal = 'online' | 'offline' | 'visible' | 'hidden' | 'pagehide' | 'pageshow';
/** Starts listening; the returned function stops. */
export type Signals = (notify: (signal: Signal) => void) => () => void;

export const browserSignals: Signals = (notify) => {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => undefined;
  const { signal, abort } = controller();
  const visibility = (): void => {
    notify(document.visibilityState === 'hidden' ? 'hidden' : 'visible');
  };
  window.addEventListener('online', () => { notify('online'); }, { signal });
  window.addEventListener('offline', () => { notify('offline'); }, { signal });
  document.addEventListener('visibilitychange', visibility, { signal });
  // Without `persisted` the page is gone for good, and the browser closes the socket itself.
  window.addEventListener('pagehide', (event) => { if (event.persisted) notify('pagehide'); }, { signal });
  window.addEventListener('pageshow', (event) => { if (event.persisted) notify('pageshow'); }, { signal });
  if (!navigator.onLine) notify('offline');
  if (document.visibilityState === 'hidden') notify('hidden');
  return abort;
};

function controller(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const it = new AbortController();
  return { signal: it.signal, abort: () => { it.abort(); } };
}
