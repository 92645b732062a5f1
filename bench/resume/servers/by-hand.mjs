// ws, and what one writes oneself: numbers, a list of the newest thousand, and a client that says which it has seen last.
import { requireFromRoot } from '../../support/places.mjs';

const { WebSocketServer } = requireFromRoot('ws');

export function start(http) {
  const room = new Set();
  let log = [];
  new WebSocketServer({ server: http }).on('connection', (client) => {
    client.on('error', () => undefined);
    client.on('close', () => room.delete(client));
    client.on('message', (data) => {
      const { join } = JSON.parse(data.toString());
      room.add(client);
      client.send(JSON.stringify({ joined: log.filter(({ n }) => n > join) }));
    });
  });
  return (message) => {
    log = [...log, message].slice(-1_000);
    const text = JSON.stringify({ message });
    for (const client of room) if (client.readyState === client.OPEN) client.send(text);
  };
}
