// Next.js and the realtime server on one port.
import { createServer } from 'node:http';
import next from 'next';
import { createRealtimeServer, serve } from 'roomful/server';
import { chat } from './lib/rooms.js';

const port = Number(process.env.PORT ?? 3000);
const app = next({ dev: process.env.NODE_ENV !== 'production', port });
await app.prepare();

const handle = app.getRequestHandler();
const http = createServer((request, response) => {
  void handle(request, response);
});
const realtime = createRealtimeServer({ rooms: [serve(chat)] });
realtime.attach(http, { path: '/realtime' });
// Pages read from here what they begin with: they run in this process.
globalThis.realtime = realtime;
await realtime.room(chat, { id: 'lobby' }).send('post', { text: 'Rendered on the server' });

http.listen(port, () => {
  console.log(`http://localhost:${port}`);
});
process.once('SIGTERM', async () => {
  await realtime.drain({ over: 10_000 });
  await realtime.close();
  http.close();
});
