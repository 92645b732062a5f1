import { useState } from 'react';
import { useMessage, useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function Waves({ broken = false }: { readonly broken?: boolean }) {
  const room = useRoom(chat, { id: 'tea' });
  const [count, setCount] = useState(0);
  const [last, setLast] = useState('nobody yet');
  useMessage(room, 'wave', () => {
    if (broken) throw new Error('this handler is broken');
  });
  useMessage(room, 'wave', ({ data }) => {
    setCount((known) => known + 1);
    setLast(data.from);
  });
  return (
    <>
      <p className="figure">{count}</p>
      <p>Last to wave: {last}</p>
    </>
  );
}
