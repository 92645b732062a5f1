// Who is here? A disc with initials for one person, a row of them for all.
import { useOthers, useRoom } from 'roomful';
import { chat, type Identity } from './rooms.js';

const shown = 4;

const initials = (name: string): string =>
  name
    .trim()
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => Array.from(word)[0]?.toUpperCase() ?? '')
    .join('');

export function Avatar({ name, colour }: Pick<Identity, 'name' | 'colour'>) {
  return (
    <span className="avatar" style={{ backgroundColor: colour }} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

export function People() {
  const room = useRoom(chat, { id: 'lobby' });
  const others = useOthers(room);
  const count = others.length;
  return (
    <div className="people">
      <ul className="discs">
        {others.slice(0, shown).map(
          ({ id, presence, stale }) =>
            presence && (
              <li
                key={id}
                data-stale={stale}
                title={stale ? `${presence.name}, last seen before the connection broke` : presence.name}
              >
                <Avatar name={presence.name} colour={presence.colour} />
                <span className="unseen">{presence.name}</span>
              </li>
            ),
        )}
        {count > shown && (
          <li>
            <span className="avatar more" aria-hidden="true">
              +{count - shown}
            </span>
          </li>
        )}
      </ul>
      <p>{count === 0 ? 'Only you here' : `${count} other${count === 1 ? '' : 's'} here`}</p>
    </div>
  );
}
