import { useMessages, useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function Posts({ limit = 20, history = 20 }: { readonly limit?: number; readonly history?: number }) {
  const room = useRoom(chat, { id: 'tea' }, { history });
  const { messages, hasOlder, loadOlder, isLoading, gap } = useMessages(room, 'post', { limit });
  return (
    <>
      {hasOlder && (
        <button type="button" disabled={isLoading} onClick={loadOlder}>
          {isLoading ? 'Loading' : 'Older'}
        </button>
      )}
      {gap && (
        <p role="alert">
          Messages {gap[0]} to {gap[1]} were missed.
        </p>
      )}
      {messages.length === 0 && <p>Nothing was said yet.</p>}
      <ol aria-label="Messages">
        {messages.map(({ id, data, sender, status }) => (
          <li key={id} data-failed={status === 'failed'}>
            {sender?.user?.id ?? (status ? 'you' : 'the server')}: {data.text}{' '}
            {status && <small>{status}</small>}
          </li>
        ))}
      </ol>
    </>
  );
}
