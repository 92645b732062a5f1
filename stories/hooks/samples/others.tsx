import { useOthers, useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function Here() {
  const room = useRoom(chat, { id: 'tea' }, { presence: { name: 'Ada' } });
  const others = useOthers(room);
  return (
    <>
      <p className="figure">{others.length === 0 ? 'Only you' : `You and ${others.length}`}</p>
      <ul aria-label="Others">
        {others.map(({ id, presence, user, stale }) => (
          <li key={id}>
            {presence?.name ?? user?.id} {presence?.typing && <small>is typing</small>}{' '}
            {stale && <small>last known</small>}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Renders only when the number changes, not when somebody moves. */
export function HowMany() {
  const count = useOthers(useRoom(chat, { id: 'tea' }), (others) => others.length);
  return <p>{count} others</p>;
}
