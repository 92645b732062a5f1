// socket.io over WebSocket alone, with one of its Redis adapters as their documentation shows them: streams with connection state recovery, which pub/sub cannot have.
import { createServer } from 'node:http';
import { requireFromBench } from '../../support/places.mjs';

async function adapterOf(name, client) {
  if (name === 'streams') return requireFromBench('@socket.io/redis-streams-adapter').createAdapter(client);
  const subscriber = client.duplicate();
  subscriber.on('error', () => undefined);
  await subscriber.connect();
  return requireFromBench('@socket.io/redis-adapter').createAdapter(client, subscriber);
}

export async function start({ client, adapter }) {
  const { Server } = requireFromBench('socket.io');
  const http = createServer();
  new Server(http, {
    serveClient: false,
    transports: ['websocket'],
    adapter: await adapterOf(adapter, client),
    ...(adapter === 'streams' ? { connectionStateRecovery: {} } : {}),
  }).on('connection', async (socket) => {
    await socket.join('bench/1');
    socket.on('m', (message) => {
      socket.to('bench/1').emit('m', message);
    });
  });
  return new Promise((resolve) => {
    http.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
      resolve(http.address().port);
    });
  });
}
