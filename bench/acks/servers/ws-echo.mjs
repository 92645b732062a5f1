// Sends back what it hears: the least that can tell a sender that it was heard.
import { createServer } from 'node:http';
import { requireFromRoot } from '../../support/places.mjs';

const { WebSocketServer } = requireFromRoot('ws');

export function start() {
  const http = createServer();
  new WebSocketServer({ server: http }).on('connection', (client) => {
    client.on('message', (data, binary) => {
      client.send(data, { binary });
    });
  });
  return new Promise((resolve) => {
    http.listen(0, '127.0.0.1', () => {
      resolve(http.address().port);
    });
  });
}
