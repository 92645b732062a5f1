// Roomful over Redis: the built library and every default, but for the pace that one connection and one room may have, which the peers do not bound, and as long a log as socket.io keeps a stream.
import { pathToFileURL } from 'node:url';

export async function start({ client, library }) {
  const { createRealtimeServer, serve } = await import(pathToFileURL(`${library}/server/node/index.js`).href);
  const { redisBroker } = await import(pathToFileURL(`${library}/server/node/redis/index.js`).href);
  const server = createRealtimeServer({
    rooms: [serve('bench/:id', { history: { limit: 10_000 } })],
    broker: redisBroker({ client }),
    limits: { rate: 1e9, roomRate: 1e9 },
    logger: { info() {}, warn() {}, error() {} },
  });
  const { port } = await server.listen({ host: '127.0.0.1' });
  return port;
}
