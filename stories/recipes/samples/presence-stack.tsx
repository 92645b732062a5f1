import { useOthers, useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function PresenceStack({ most = 3 }: { readonly most?: number }) {
  const room = useRoom(chat, { id: 'tea' }, { presence: { name: 'Ada' } });
  const names = useOthers(room, (others) =>
    others.map(({ presence, user }) => presence?.name ?? user?.id ?? '?'),
  );
  const rest = names.slice(most);
  return (
    <ul className="faces" aria-label={`Here: ${['you', ...names].join(', ')}`}>
      {names.slice(0, most).map((name) => (
        <li key={name} className="face" title={name}>
          {name.slice(0, 2)}
        </li>
      ))}
      {rest.length > 0 && (
        <li className="face rest" title={rest.join(', ')}>
          +{rest.length}
        </li>
      )}
    </ul>
  );
}
