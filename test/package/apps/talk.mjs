// A message from one Node client through a Node server to another, in either codec. Prints what arrived.
import { createClient, json } from 'roomful/client';
import { msgpack } from 'roomful/msgpack';
import { defineRoom, type } from 'roomful/room';
import { createRealtimeServer, serve } from 'roomful/server';
import { WebSocket } from 'ws';

const chat = defineRoom('chat/:id', { messages: { post: type() } });
const server = createRealtimeServer({
  rooms: [serve(chat)],
  authenticate: ({ token }) => (token === null ? null : { id: token }),
});
const { url } = await server.listen({ host: '127.0.0.1' });
const join = (token, codec) => {
  const client = createClient({ url, token, codecs: [codec], WebSocket });
  client.connect();
  return { client, room: client.room(chat, { id: '1' }) };
};
const ada = join('ada', json());
const bob = join('bob', msgpack());
const arrived = new Promise((resolve) => {
  bob.room.on('post', ({ data, sender }) => resolve({ text: data.text, from: sender.user.id }));
});
while (bob.room.status !== 'joined') await new Promise((resolve) => setImmediate(resolve));
const receipt = await ada.room.send('post', { text: 'hello' });
console.log(
  JSON.stringify({
    ...(await arrived),
    offset: receipt.offset,
    codec: bob.client.store.getState().connection.codec,
  }),
);
ada.client.close();
bob.client.close();
await server.close();
