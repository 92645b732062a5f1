import type { RealtimeServer } from 'roomful/server';

/** The server that `server.mjs` made; none while the app is built. */
export const realtime = (): RealtimeServer | undefined =>
  (globalThis as { readonly realtime?: RealtimeServer }).realtime;
