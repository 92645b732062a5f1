import { useRoom, useSend } from 'roomful';
import { OutboxProgress } from 'roomful/status';
import { chat } from '../../kit/rooms.js';

export function Backlog({ text }: { readonly text: string }) {
  const [send] = useSend(useRoom(chat, { id: 'tea' }), 'post');
  return (
    <>
      <p>
        <button
          type="button"
          onClick={() => {
            for (let count = 0; count < 20; count++) void send({ text });
          }}
        >
          Send twenty
        </button>
      </p>
      <OutboxProgress />
    </>
  );
}
