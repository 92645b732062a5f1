import { createRealtimeServer, serve } from 'roomful/server';
import { chat } from './src/rooms.js';

const realtime = createRealtimeServer({
  rooms: [serve(chat)],
  // Who says who they are is believed: this is an example.
  authenticate: ({ token }) => (token ? { id: token } : null),
  origins: ['http://localhost:5173'],
});
const { url } = await realtime.listen({ port: 4000 });
console.log(`listening on ${url}`);
