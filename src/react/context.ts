// The client that a subtree uses.
import { createContext, useContext, type Context } from 'react';
import type { Client } from '../client/client.js';

export const RealtimeContext: Context<Client | null> = createContext<Client | null>(null);

/** The nearest provider's client. Throws where there is no `<RealtimeProvider>` above. */
export function useRealtime(): Client {
  const client = useContext(RealtimeContext);
  if (!client) throw new Error('This hook needs a <RealtimeProvider> above it.');
  return client;
}
