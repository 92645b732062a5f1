import { chat } from '../lib/rooms.js';
import { realtime } from '../lib/realtime';
import { Posts } from './posts';

export const dynamic = 'force-dynamic';

export default async function Page() {
  const messages = (await realtime()?.room(chat, { id: 'lobby' }).history({ limit: 50 })) ?? [];
  return (
    <main>
      <h1>Lobby</h1>
      <Posts id="lobby" initial={messages.map(({ id, data }) => ({ id, text: data.text }))} />
    </main>
  );
}
