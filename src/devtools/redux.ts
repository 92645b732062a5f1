// Shows a client's store in the Redux DevTools extension, with an action for each change.
import type { Client } from '../client/client.js';
import { toText } from './recording/format.js';

interface Extension {
  connect(options: { readonly name: string; readonly features: Readonly<Record<string, boolean>> }): {
    init(state: unknown): void;
    send(action: { readonly type: string; readonly events: readonly unknown[] }, state: unknown): void;
  };
}

/** Events that one action shows. */
const maxEvents = 50;

/**
 * Shows a client in the browser extension Redux DevTools: its store, and the events behind each change. Without the
 * extension it does nothing. The extension cannot change the client. It does not see tokens and keys of sessions.
 *
 * @param options.name the name of the client in the extension. Default `'roomful'`.
 * @returns a function that disconnects the extension
 *
 * @example
 * const stop = reduxDevtools(client, { name: 'chat' });
 */
export function reduxDevtools(
  client: Client,
  { name = 'roomful' }: { readonly name?: string } = {},
): () => void {
  const extension = (globalThis as { readonly __REDUX_DEVTOOLS_EXTENSION__?: Extension })
    .__REDUX_DEVTOOLS_EXTENSION__;
  if (!extension) return () => undefined;
  const connection = extension.connect({
    name,
    features: {
      pause: true,
      export: true,
      test: false,
      jump: false,
      skip: false,
      reorder: false,
      dispatch: false,
      lock: false,
      import: false,
    },
  });
  connection.init(client.store.getState());
  /** Events since the last update of the store, which shows all of them at once. */
  let events: unknown[] = [];
  let names: string[] = [];
  const inspection = client.inspect((event, step) => {
    const before = inspection.state();
    const effects = step(event);
    if (inspection.state() !== before && events.length < maxEvents) {
      events.push(JSON.parse(toText(event)));
      if (names.at(-1) !== event.type) names.push(event.type);
    }
    return effects;
  });
  const unsubscribe = client.store.subscribe((state) => {
    connection.send({ type: names.join(' + ') || 'update', events }, state);
    [events, names] = [[], []];
  });
  return () => {
    inspection.stop();
    unsubscribe();
  };
}
