// Roomful without React: the messages of one room, logged and listed, and so many selectors of the store. With none, the machine alone.
import { pathToFileURL } from 'node:url';
import { Socket } from '../page.mjs';
import { entries, library, serve } from './server.mjs';

export async function consume(selectors) {
  const { createClient } = await import(pathToFileURL(`${library}/client/index.js`).href);
  const there = serve();
  const client = createClient({ url: 'ws://localhost/realtime' });
  const room = client.room('bench/1');
  client.handle('bench/1').retainList('tick', 100);
  let heard = 0;
  room.on('tick', () => {
    heard++;
  });
  client.connect();
  await there;
  const { store } = client;
  let changes = 0;
  for (let at = 0; at < selectors; at++) {
    const select = ({ rooms }) => rooms['bench/1']?.lists.tick?.messages.at(-1 - (at % 100));
    let before = select(store.getState());
    store.subscribe((state) => {
      const now = select(state);
      if (now === before) return;
      before = now;
      changes++;
    });
  }
  const socket = Socket.newest;
  return {
    burst: entries,
    hear: (text) => {
      socket.hear(text);
    },
    heard: () => heard,
    changes: () => changes,
    shown: () => [],
    unmount: () => {
      client.close();
    },
  };
}
