// The provider: owns a client for as long as it is mounted, or lends one.
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

/** The options of {@link createClient}, or a client of one's own. */
export type RealtimeProviderProps = { readonly children?: ReactNode } & (
  | ClientOptions
  | { readonly client: Client }
);

/**
 * Gives a client to the hooks below. With options it owns one: it opens on mount and closes on unmount, but not while an `<Activity>` hides it; a new `url` or `token` reconnects, new functions do
 * not, and any other option counts as it was first given. With `client` it connects it where it is idle, and never closes it.
 */
export function RealtimeProvider({ children, ...props }: RealtimeProviderProps): ReactElement {
  return 'client' in props
    ? createElement(Lent, props, children)
    : createElement(Owned, { options: props }, children);
}

function Lent({
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

function Owned({
  options,
  children,
}: {
  readonly options: ClientOptions;
  readonly children?: ReactNode;
}): ReactElement {
  const [{ client, update, mount }] = useState(() => ownedClient(options));
  const { url, token } = options;
  const address = JSON.stringify([url, token], (_, it: unknown) => (typeof it === 'function' ? true : it));
  const opened = useRef(address);
  useInsertionEffect(() => {
    update(options);
  });
  // An insertion effect ends where the provider is unmounted, and not where an <Activity> around it is hidden: what waits in
  // the outbox goes on then.
  useInsertionEffect(mount, [mount]);
  useEffect(() => {
    client.connect();
  }, [client]);
  useEffect(() => {
    if (opened.current !== address) client.reconnect();
    opened.current = address;
  }, [client, address]);
  return createElement(RealtimeContext.Provider, { value: client }, children);
}

interface OwnedClient {
  readonly client: Client;
  readonly update: (options: ClientOptions) => void;
  /** What it returns closes. */
  readonly mount: () => () => void;
}

/** A client whose functions are always the newest of the props. */
function ownedClient(first: ClientOptions): OwnedClient {
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
      // A hot update mounts again at once: only what stays unmounted is closed.
      return () => {
        closing = setTimeout(client.close, 0);
      };
    },
  };
}
