import { useRoom, useSend } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function SendButton({ text }: { readonly text: string }) {
  const room = useRoom(chat, { id: 'tea' });
  const [send, { pending, error, reset }] = useSend(room, 'post');
  return (
    <>
      <p>
        <button
          type="button"
          onClick={() => {
            void send({ text });
          }}
        >
          Send “{text}”
        </button>
      </p>
      <output>{pending ? 'On its way' : 'Nothing waits'}</output>
      {error && (
        <p role="alert">
          {error.code}: {error.message}{' '}
          <button type="button" onClick={reset}>
            OK
          </button>
        </p>
      )}
    </>
  );
}
