// Roomful with its log and its memory of what came before, as they are by default. Its limits of how fast one connection and one room may be are out of the way: 5,000 and 10,000 messages a second by default.
import { pathToFileURL } from 'node:url';

export async function start(library) {
  const { createRealtimeServer, serve } = await import(pathToFileURL(`${library}/server/node/index.js`).href);
  const server = createRealtimeServer({
    rooms: [serve('bench/:id')],
    limits: { rate: 1_000_000, roomRate: 1_000_000, window: 1_024 },
  });
  const { port } = await server.listen({ host: '127.0.0.1' });
  return port;
}
