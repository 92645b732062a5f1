import { useEffect, useState } from 'react';
import { useMyPresence, useOthers, useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function Typing({ name }: { readonly name: string }) {
  const room = useRoom(chat, { id: 'tea' }, { presence: { name } });
  const [, update] = useMyPresence(room);
  const typing = useOthers(room, (others) =>
    others.filter(({ presence }) => presence?.typing).map(({ presence }) => presence?.name),
  );
  const [text, setText] = useState('');
  // Whoever pauses for a while is not typing any more.
  useEffect(() => {
    if (!text) return undefined;
    update({ typing: true });
    const timer = setTimeout(() => {
      update({ typing: false });
    }, 2_000);
    return () => {
      clearTimeout(timer);
    };
  }, [text, update]);
  return (
    <>
      <label>
        Message{' '}
        <input
          value={text}
          onChange={({ target }) => {
            setText(target.value);
          }}
        />
      </label>
      <output>
        {typing.length === 0 ? '' : `${typing.join(' and ')} ${typing.length === 1 ? 'is' : 'are'} typing …`}
      </output>
    </>
  );
}
