// A dedicated worker with a client in it.
import { createClient } from '../../src/client/index.js';

addEventListener('message', ({ data: url }: MessageEvent<string>) => {
  const client = createClient({ url, token: 'worker' });
  client.connect();
  const room = client.room('lobby');
  room.on('post', ({ data }) => {
    postMessage({ heard: data });
  });
  room.send('post', 'from the worker').catch((error: unknown) => {
    postMessage({ failed: String(error) });
  });
});
