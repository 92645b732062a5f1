// Roomful as it comes: the built library, one kind of room, and every default but the limits of how fast one connection and one room may be, 5,000 and 10,000 messages a second.
import { pathToFileURL } from 'node:url';

export async function start(library) {
  const { createRealtimeServer, serve } = await import(pathToFileURL(`${library}/server/node/index.js`).href);
  const server = createRealtimeServer({
    rooms: [serve('bench/:id')],
    limits: { rate: 1_000_000, roomRate: 1_000_000 },
  });
  const { port } = await server.listen({ host: '127.0.0.1' });
  return port;
}
