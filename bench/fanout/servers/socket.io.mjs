// socket.io over WebSocket alone, with its own room.
import { createServer } from 'node:http';
import { requireFromBench } from '../../support/places.mjs';

export function start(_library, options) {
  const { Server } = requireFromBench('socket.io');
  const http = createServer();
  new Server(http, { serveClient: false, transports: ['websocket'], ...options }).on(
    'connection',
    async (socket) => {
      await socket.join('bench/1');
      socket.on('m', (message) => {
        socket.to('bench/1').emit('m', message);
      });
    },
  );
  return new Promise((resolve) => {
    http.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
      resolve(http.address().port);
    });
  });
}
