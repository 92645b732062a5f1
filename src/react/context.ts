// The client of a subtree.
import { createContext, useContext, type Context } from 'react';
import type { Client } from '../client/client.js';

export const RealtimeContext: Context<Client | null> = createContext<Client | null>(null);

/**
 * Returns the client of the nearest `<RealtimeProvider>`.
 *
 * @throws Error if there is no provider above
 *
 * @example
 * const client = useRealtime();
 * return <button onClick={client.reconnect}>Try now</button>;
 */
export function useRealtime(): Client {
  const client = useContext(RealtimeContext);
  if (!client) throw new Error('This hook needs a <RealtimeProvider> above it.');
  return client;
}
