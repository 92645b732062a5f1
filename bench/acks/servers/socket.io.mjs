// socket.io over WebSocket alone: an acknowledgement a message, and nothing kept.
import { createServer } from 'node:http';
import { requireFromBench } from '../../support/places.mjs';

export function start() {
  const { Server } = requireFromBench('socket.io');
  const http = createServer();
  new Server(http, { serveClient: false, transports: ['websocket'] }).on('connection', (socket) => {
    socket.on('m', (_message, taken) => {
      taken({ ok: true });
    });
  });
  return new Promise((resolve) => {
    http.listen(0, '127.0.0.1', () => {
      resolve(http.address().port);
    });
  });
}
