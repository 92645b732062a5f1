import { useOutbox, useRoom, useSend } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function Outbox() {
  const room = useRoom(chat, { id: 'tea' });
  const [send] = useSend(room, 'post');
  const { pending, failed, progress, retry, discard } = useOutbox(room);
  return (
    <>
      <p>
        <button
          type="button"
          onClick={() => {
            void send({ text: 'hello' });
          }}
        >
          Send
        </button>{' '}
        <button
          type="button"
          onClick={() => {
            void send({ text: 'a bad word' });
          }}
        >
          Send what is refused
        </button>
      </p>
      <output>
        {progress
          ? `Sending ${progress.done} of ${progress.total}`
          : `${pending.length} waiting, ${failed.length} failed`}
      </output>
      <ul aria-label="Outbox">
        {pending.map(({ id, status }) => (
          <li key={id}>
            {status}{' '}
            <button
              type="button"
              onClick={() => {
                discard(id);
              }}
            >
              Take back
            </button>
          </li>
        ))}
        {failed.map(({ id, error }) => (
          <li key={id} data-failed="true">
            <small>{error?.message}</small>{' '}
            <button
              type="button"
              onClick={() => {
                retry(id);
              }}
            >
              Again
            </button>{' '}
            <button
              type="button"
              onClick={() => {
                discard(id);
              }}
            >
              Forget
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
