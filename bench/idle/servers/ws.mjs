// Bare ws: connections, and nothing that is done for them.
import { createServer } from 'node:http';
import { requireFromRoot } from '../../support/places.mjs';

const { WebSocketServer } = requireFromRoot('ws');

export function start(_library, { every } = {}) {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  server.on('connection', (client) => {
    client.isAlive = true;
    client.on('error', () => undefined);
    if (every)
      client.on('pong', function pong() {
        this.isAlive = true;
      });
  });
  // "How to detect and close broken connections", from the README of ws.
  if (every) {
    setInterval(() => {
      for (const client of server.clients) {
        if (!client.isAlive) {
          client.terminate();
          continue;
        }
        client.isAlive = false;
        client.ping();
      }
    }, every);
  }
  return new Promise((resolve) => {
    http.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
      resolve(http.address().port);
    });
  });
}
