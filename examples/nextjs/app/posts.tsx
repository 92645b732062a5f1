'use client';
import { useMessages, useRoom, useSend } from 'roomful';
import { ConnectionStatus } from 'roomful/status';
import { chat } from '../lib/rooms.js';

export interface Post {
  readonly id: string;
  readonly text: string;
}

/** @param initial what the server rendered: shown until the room has joined. */
export function Posts({ id, initial }: { id: string; initial: readonly Post[] }) {
  const room = useRoom(chat, { id }, { history: 50 });
  const { messages } = useMessages(room, 'post');
  const [send] = useSend(room, 'post');
  const live = messages.map((message) => ({
    id: message.id,
    text: message.data.text,
    status: message.status,
  }));
  const posts =
    room.status === 'joining' || room.status === 'left'
      ? [...initial.map((post) => ({ ...post, status: undefined })), ...live]
      : live;
  return (
    <>
      <ConnectionStatus />
      <ul>
        {posts.map(({ id: key, text, status }) => (
          <li key={key}>
            {text} {status}
          </li>
        ))}
      </ul>
      <form
        action={(form) => {
          void send({ text: String(form.get('text')) });
        }}
      >
        <input name="text" required aria-label="Message" /> <button>Send</button>
      </form>
    </>
  );
}
