import { useMyPresence, useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function Name() {
  const room = useRoom(chat, { id: 'tea' }, { presence: { name: 'Ada' } });
  const [mine, update] = useMyPresence(room);
  return (
    <>
      <label>
        Your name{' '}
        <input
          value={mine?.name ?? ''}
          onChange={({ target }) => {
            update({ name: target.value });
          }}
        />
      </label>
      <p>
        <label>
          <input
            type="checkbox"
            checked={mine?.typing ?? false}
            onChange={({ target }) => {
              update({ typing: target.checked });
            }}
          />{' '}
          typing
        </label>
      </p>
    </>
  );
}
