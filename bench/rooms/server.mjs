// Roomful with two kinds of rooms, and without the limits that one connection in a thousand rooms would meet: 128 rooms by default, 5,000 frames a second.
import { pathToFileURL } from 'node:url';

export async function start(library) {
  const { createRealtimeServer, serve } = await import(pathToFileURL(`${library}/server/node/index.js`).href);
  const server = createRealtimeServer({
    rooms: [serve('bench/:id'), serve('crowd/:id', { presence: true })],
    limits: { rooms: 10_000, rate: 1_000_000, roomRate: 1_000_000, window: 1_024 },
  });
  const { port } = await server.listen({ host: '127.0.0.1' });
  return port;
}
