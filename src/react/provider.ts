// The provider: owns a client for as long as it is mounted, or lends one.
import { createElement, useEffect, useInsertionEffect, useRef, useState, type ReactElement, type ReactNode } from 'react';
import { createClient, type Client } from '../client/client.js';
import type { ClientOptions } from '../client/options.js';
import { RealtimeContext } from './context.js';

/** The options of {@link createClient}, or a client of one's own. */
export type RealtimeProviderProps = { readonly children?: ReactNode } & (ClientOptions | { readonly client: Client });

/**
 * Gives a client to the hooks below. With options it owns one: it opens on mount and closes on unmount; a new `url` reconnects, new functions do not. With
 * `client` it connects it where it is idle, and never closes it.
 */
export function RealtimeProvider({ children, ...props }: RealtimeProviderProps): ReactElement {
  return 'client' in props ? createElement(Lent, props, children) : createElement(Owned, { options: props }, children);
}

function Lent({ client, children }: { readonly client: Client; readonly children?: ReactNode }): ReactElement {
  useEffect(() => {
    if (client.store.getState().connection.status === 'idle') client.connect();
  }, [client]);
  return createElement(RealtimeContext.Provider, { value: client }, children);
}

function Owned({ options, children }: { readonly options: ClientOptions; readonly children?: ReactNode }): ReactElement {
  const [{ client, update, mount }] = useState(() => ownedClient(options));
  const { url } = options;
  const opened = useRef<unknown>(null);
  useInsertionEffect(() => {
    update(options);
  });
  useEffect(mount, [mount]);
  useEffect(() => {
    const before = opened.current;
    opened.current = url;
    if (typeof url === 'string' && typeof before === 'string' && before !== url) client.reconnect();
  }, [client, url]);
  return createElement(RealtimeContext.Provider, { value: client }, children);
}

interface OwnedClient {
  readonly client: Client;
  readonly update: (options: ClientOptions) => void;
  /** Connects; what it returns closes. */
  readonly mount: () => () => void;
}

/** A client whose functions are always the newest of the props. */
function ownedClient(first: ClientOptions): OwnedClient {
  let latest = first;
  let closing: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    ...first,
    url: () => (typeof latest.url === 'function' ? latest.url() : latest.url),
    token: first.token === undefined ? undefined : () => (typeof latest.token === 'function' ? latest.token() : (latest.token ?? null)),
  });
  return {
    client,
    update(options) {
      latest = options;
    },
    mount() {
      clearTimeout(closing);
      client.connect();
      // StrictMode and <Activity> mount again at once: only what stays unmounted is closed.
      return () => {
        closing = setTimeout(client.close, 0);
      };
    },
  };
}
