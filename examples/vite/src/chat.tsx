import { useMessages, useMyPresence, useOthers, useRoom, useSend } from 'roomful';
import { ConnectionStatus, OutboxProgress } from 'roomful/status';
import { chat } from './rooms.js';

export function Chat({ id, name }: { id: string; name: string }) {
  const room = useRoom(chat, { id }, { presence: { name, typing: false }, history: 50 });
  const { messages } = useMessages(room, 'post');
  const [send] = useSend(room, 'post');
  const [, update] = useMyPresence(room);
  const names = useOthers(room, (others) =>
    others.map(({ presence }) => `${presence?.name ?? '?'}${presence?.typing ? ' …' : ''}`),
  );
  return (
    <main>
      <ConnectionStatus className="status" />
      <OutboxProgress />
      <p>{names.length === 0 ? 'Nobody else is here.' : `With ${names.join(', ')}`}</p>
      <ul>
        {messages.map(({ id: key, data, sender, status }) => (
          <li key={key}>
            <b>{sender?.user?.id ?? name}</b> {data.text} {status && <small>{status}</small>}
          </li>
        ))}
      </ul>
      <form
        action={(form) => {
          void send({ text: String(form.get('text')) });
        }}
      >
        <input
          name="text"
          required
          aria-label="Message"
          autoComplete="off"
          onFocus={() => {
            update({ typing: true });
          }}
          onBlur={() => {
            update({ typing: false });
          }}
        />
        <button>Send</button>
      </form>
    </main>
  );
}
