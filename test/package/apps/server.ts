// A Node server, on an HTTP server of the app's own.
import { createServer } from 'node:http';
import { createRealtimeServer, memoryBroker, serve, type User } from 'roomful/server';
import { chat } from './room.js';

const realtime = createRealtimeServer({
  rooms: [
    serve(chat, {
      authorize: ({ action, user, params }) => action !== 'send' || user?.id === params.id,
      on: {
        post: (message, { reject }) =>
          message.data.text === '' ? reject('empty') : { length: message.data.text.length },
      },
      history: { limit: 10 },
    }),
  ],
  broker: memoryBroker(),
  authenticate: ({ token }): User | null => (token === null ? null : { id: token }),
});

export const http = createServer();
realtime.attach(http, { path: '/realtime' });
export const members = async (id: string): Promise<readonly (string | undefined)[]> =>
  (await realtime.room(chat, { id }).members()).map(({ presence }) => presence?.name);
