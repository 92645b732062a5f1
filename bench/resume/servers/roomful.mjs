// Roomful as it comes, on an HTTP server of ours.
import { pathToFileURL } from 'node:url';

export async function start(http, library) {
  const { createRealtimeServer, serve } = await import(pathToFileURL(`${library}/server/node/index.js`).href);
  const server = createRealtimeServer({ rooms: [serve('bench/:id')] });
  server.attach(http);
  const room = server.room('bench/1');
  return (message) => room.send('m', message);
}
