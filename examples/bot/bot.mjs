// Listens in a room, and answers who greets it. `node bot.mjs [address] [room]`
import { createClient } from 'roomful/client';
import { WebSocket } from 'ws';

const [url = 'ws://localhost:4000/realtime', id = 'chat/lobby'] = process.argv.slice(2);
const client = createClient({ url, token: process.env.BOT_TOKEN ?? 'bot', WebSocket });
client.on('connection', ({ status }) => {
  console.log(status);
});
client.connect();

const room = client.room(id);
room.setPresence({ name: 'bot', typing: false });
room.on('post', async ({ data, sender }) => {
  // What it says itself it hears as well, like everybody in the room.
  const me = client.store.getState().rooms[room.id]?.me;
  if (sender?.id === me?.id || !/^(hi|hello)\b/i.test(data.text)) return;
  const { offset } = await room.send('post', { text: `Hello, ${sender?.user?.id ?? 'you'}` });
  console.log(`answered at ${offset}`);
});

process.once('SIGINT', () => {
  client.close();
});
