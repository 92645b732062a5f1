// A client's store in the Redux DevTools extension, an action for each change.
import type { Client } from '../client/client.js';
import { toText } from './format.js';

interface Extension {
  connect(options: { readonly name: string; readonly features: Readonly<Record<string, boolean>> }): {
    init(state: unknown): void;
    send(action: { readonly type: string; readonly events: readonly unknown[] }, state: unknown): void;
  };
}

/** Events that one action tells of. */
const most = 50;

/**
 * Shows a client in the Redux DevTools browser extension, where it is installed: its public store, and the events that led to each change. To look only: what the extension
 * would change is not taken. Tokens and keys of sessions are not shown.
 *
 * @param options.name what it is called there. Default `'roomful'`.
 * @returns what ends it.
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
  /** Since the store was last set: it is set once for all of them. */
  let events: unknown[] = [];
  let names: string[] = [];
  const inspection = client.inspect((event, step) => {
    const before = inspection.state();
    const effects = step(event);
    if (inspection.state() !== before && events.length < most) {
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
