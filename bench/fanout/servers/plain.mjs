// What both plain ws servers share: connections, and what one says passed to `publish`.
import { createServer } from 'node:http';
import { requireFromRoot } from '../../support/places.mjs';

const { WebSocketServer } = requireFromRoot('ws');

export function servePlain(publish) {
  const clients = new Set();
  const http = createServer();
  new WebSocketServer({ server: http }).on('connection', (client) => {
    clients.add(client);
    client.on('error', () => undefined);
    client.on('close', () => clients.delete(client));
    client.on('message', (data) => {
      publish(JSON.parse(data.toString()), client, clients);
    });
  });
  return new Promise((resolve) => {
    http.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
      resolve(http.address().port);
    });
  });
}
