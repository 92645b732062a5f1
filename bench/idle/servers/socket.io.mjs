// socket.io over WebSocket alone, each connection in a room of ten.
import { createServer } from 'node:http';
import { requireFromBench } from '../../support/places.mjs';

export function start() {
  const { Server } = requireFromBench('socket.io');
  const http = createServer();
  let count = 0;
  new Server(http, { serveClient: false, transports: ['websocket'] }).on('connection', (socket) =>
    socket.join(`bench/${Math.floor(count++ / 10)}`),
  );
  return new Promise((resolve) => {
    http.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
      resolve(http.address().port);
    });
  });
}
