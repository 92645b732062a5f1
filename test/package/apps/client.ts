// An app without React.
import { createClient, json, RealtimeError, type Receipt } from 'roomful/client';
import { chat } from './room.js';

export const client = createClient({
  url: () => 'wss://localhost/realtime',
  codecs: [json()],
  backoff: { initial: 100 },
});
client.connect();
client.store.subscribe(({ connection }) => {
  console.log(connection.status);
});

export async function post(text: string): Promise<Receipt | string> {
  const room = client.room(chat, { id: '1' });
  room.on('post', ({ data, sender }) => {
    console.log(sender?.user?.id, data.text);
  });
  try {
    return await room.send('post', { text }, { ttl: 1_000 });
  } catch (error) {
    return error instanceof RealtimeError ? error.code : 'unknown';
  }
}
