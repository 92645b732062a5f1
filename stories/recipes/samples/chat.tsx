import { useState, type FormEvent } from 'react';
import { useMessages, useRoom, useSend } from 'roomful';
import { chat } from '../../kit/rooms.js';

const waits = { queued: 'waiting', sending: 'sending', sent: 'sent', failed: 'not sent' } as const;

export function Chat({ me, id }: { readonly me: string; readonly id: string }) {
  const room = useRoom(chat, { id }, { history: 50 });
  const { messages } = useMessages(room, 'post');
  const [send] = useSend(room, 'post');
  const [text, setText] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!text.trim()) return;
    void send({ text });
    setText('');
  };
  if (room.status === 'denied') return <p role="alert">This room is not open to you.</p>;
  return (
    <>
      <ol aria-label="Messages">
        {messages.map(({ id: key, sender, data, status }) => (
          <li key={key} data-failed={status === 'failed'}>
            <b>{status || sender?.user?.id === me ? 'You' : sender?.user?.id}</b> {data.text}{' '}
            {status && <small>{waits[status]}</small>}
          </li>
        ))}
      </ol>
      <form onSubmit={submit}>
        <input
          aria-label="Message"
          value={text}
          onChange={({ target }) => {
            setText(target.value);
          }}
        />
        <button type="submit">Send</button>
      </form>
    </>
  );
}
