// Roomful as it comes: the built library, every default, one kind of room.
import { pathToFileURL } from 'node:url';

export async function start(library) {
  const { createRealtimeServer, serve } = await import(pathToFileURL(`${library}/server/node/index.js`).href);
  const server = createRealtimeServer({ rooms: [serve('bench/:id')] });
  const { port } = await server.listen({ host: '127.0.0.1' });
  return port;
}
