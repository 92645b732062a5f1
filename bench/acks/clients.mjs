// The clients, as an app has them: `send()` resolves once the message was taken.
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { requireFromBench, requireFromRoot } from '../support/places.mjs';

const { WebSocket } = requireFromRoot('ws');

/** About 100 bytes, as a short line of a chat. */
const message = { by: 'somebody', text: 'what one says to the others here', x: 412.25, y: 87.5 };

/** The floor: one text, written as it is, and not even read when it comes back. */
async function echo(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  const text = JSON.stringify(message);
  let waiting = [];
  let next = 0;
  socket.on('message', () => {
    waiting[next++]();
    if (next < 4_096) return;
    waiting = waiting.slice(next);
    next = 0;
  });
  await once(socket, 'open');
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      socket.send(text);
    });
}

async function socketIo(port) {
  const socket = requireFromBench('socket.io-client').io(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
  });
  await new Promise((resolve) => {
    socket.on('connect', resolve);
  });
  return () => socket.emitWithAck('m', message);
}

async function roomful(port, library) {
  const { createClient } = await import(pathToFileURL(`${library}/client/index.js`).href);
  const client = createClient({
    url: `ws://127.0.0.1:${port}/realtime`,
    WebSocket,
    outbox: { window: 1_024 },
  });
  const room = client.room('bench/1');
  client.connect();
  await room.send('m', message);
  return () => room.send('m', message);
}

export const clients = { 'ws-echo': echo, 'socket.io': socketIo, roomful };
