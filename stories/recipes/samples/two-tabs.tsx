import { useMessages, useOthers, useRoom, useSend } from 'roomful';
import { chat } from '../../kit/rooms.js';

/** Two tabs are two members of one user: each has a session, an outbox and a presence of its own. */
export function Tab({ tab }: { readonly tab: string }) {
  const room = useRoom(chat, { id: 'tea' }, { presence: { name: tab }, history: 20 });
  const others = useOthers(room, (members) =>
    members.map(({ user, presence }) => `${presence?.name} of ${user?.id}`),
  );
  const { messages } = useMessages(room, 'post');
  const [send] = useSend(room, 'post');
  return (
    <>
      <p>Also here: {others.join(', ') || 'nobody'}</p>
      <ol aria-label="Messages">
        {messages.map(({ id, data }) => (
          <li key={id}>{data.text}</li>
        ))}
      </ol>
      <button
        type="button"
        onClick={() => {
          void send({ text: `from ${tab}` });
        }}
      >
        Say it here
      </button>
    </>
  );
}
