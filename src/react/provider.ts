// The provider: gives its subtree a client that it makes itself, or one that the app made.
import {
  createElement,
  useEffect,
  useInsertionEffect,
  useRef,
  useState,
  type ReactElement,
  type ReactNode,
} from 'react';
import { createClient, type Client } from '../client/client.js';
import type { ClientOptions } from '../client/options.js';
import { RealtimeContext } from './context.js';

/** The options of {@link createClient}, or a client that the app made. */
export type RealtimeProviderProps = { readonly children?: ReactNode } & (
  | ClientOptions
  | { readonly client: Client }
);

/**
 * Gives a client to the hooks below it.
 *
 * - *With options* it makes a client, which connects on mount and closes on unmount. It stays connected while an
 *   `<Activity>` hides the provider. A new `url` or `token` reconnects it. New functions are used from the next call
 *   on, without a reconnect. Later changes of other options have no effect.
 * - *With `client`* it uses this one. It connects an idle client, and never closes it.
 *
 * @example
 * <RealtimeProvider url="wss://example.com/realtime" token={fetchToken}>
 *   <App />
 * </RealtimeProvider>
 */
export function RealtimeProvider({ children, ...props }: RealtimeProviderProps): ReactElement {
  return 'client' in props
    ? createElement(GivenClientProvider, props, children)
    : createElement(OwnClientProvider, { options: props }, children);
}

function GivenClientProvider({
  client,
  children,
}: {
  readonly client: Client;
  readonly children?: ReactNode;
}): ReactElement {
  useEffect(() => {
    if (client.store.getState().connection.status === 'idle') client.connect();
  }, [client]);
  return createElement(RealtimeContext.Provider, { value: client }, children);
}

function OwnClientProvider({
  options,
  children,
}: {
  readonly options: ClientOptions;
  readonly children?: ReactNode;
}): ReactElement {
  const [{ client, update, mount }] = useState(() => createOwnClient(options));
  const { url, token } = options;
  // Another text stands for another url or token. A function counts as the same function.
  const connectionKey = JSON.stringify([url, token], (_, value: unknown) =>
    typeof value === 'function' ? true : value,
  );
  const connectedKey = useRef(connectionKey);
  useInsertionEffect(() => {
    update(options);
  });
  // An insertion effect ends when the provider is unmounted, and not when an <Activity> hides it: the outbox goes on
  // then.
  useInsertionEffect(mount, [mount]);
  useEffect(() => {
    client.connect();
  }, [client]);
  useEffect(() => {
    if (connectedKey.current !== connectionKey) client.reconnect();
    connectedKey.current = connectionKey;
  }, [client, connectionKey]);
  return createElement(RealtimeContext.Provider, { value: client }, children);
}

interface OwnClient {
  readonly client: Client;
  readonly update: (options: ClientOptions) => void;
  /** Returns a function that closes the client, unless it is mounted again at once. */
  readonly mount: () => () => void;
}

/** Makes a client that calls the newest functions of the props. */
function createOwnClient(first: ClientOptions): OwnClient {
  let latest = first;
  let closing: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    ...first,
    url: () => (typeof latest.url === 'function' ? latest.url() : latest.url),
    get token() {
      return latest.token;
    },
  });
  return {
    client,
    update(options) {
      latest = options;
    },
    mount() {
      clearTimeout(closing);
      // A hot update unmounts the provider and mounts it again at once. Only a client that stays unmounted is closed.
      return () => {
        closing = setTimeout(client.close, 0);
      };
    },
  };
}
