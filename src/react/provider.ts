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
  const latest = useRef(options);
  useInsertionEffect(() => {
    latest.current = options;
  });
  const [client] = useState(() => ownedClient(options, () => latest.current));
  const { url } = options;
  const opened = useRef<unknown>(null);

  useEffect(() => {
    let closing = true;
    opened.current = latest.current.url;
    cancelClose(client);
    client.connect();
    return () => {
      // StrictMode and <Activity> mount again at once: only what stays unmounted is closed.
      if (closing) closeSoon(client);
      closing = false;
    };
  }, [client]);

  useEffect(() => {
    if (typeof url !== 'string' || opened.current === url) return;
    opened.current = url;
    client.reconnect();
  }, [client, url]);

  return createElement(RealtimeContext.Provider, { value: client }, children);
}

/** A client whose functions are always the newest of the props. */
function ownedClient(options: ClientOptions, latest: () => ClientOptions): Client {
  return createClient({
    ...options,
    url: () => {
      const { url } = latest();
      return typeof url === 'function' ? url() : url;
    },
    token: options.token === undefined ? undefined : () => {
      const { token } = latest();
      return typeof token === 'function' ? token() : (token ?? null);
    },
  });
}

const closing = new WeakMap<Client, ReturnType<typeof setTimeout>>();

function closeSoon(client: Client): void {
  closing.set(client, setTimeout(() => {
    closing.delete(client);
    client.close();
  }, 0));
}

function cancelClose(client: Client): void {
  clearTimeout(closing.get(client));
  closing.delete(client);
}
