import { useMyPresence, useOthers, useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function Cursors({ name }: { readonly name: string }) {
  const room = useRoom(chat, { id: 'board' }, { presence: { name } });
  const [, update] = useMyPresence(room);
  const others = useOthers(room);
  return (
    <div
      className="surface"
      onPointerMove={({ currentTarget, clientX, clientY }) => {
        const { left, top, width, height } = currentTarget.getBoundingClientRect();
        // Shares of the surface: every window has another size.
        update({ x: (clientX - left) / width, y: (clientY - top) / height });
      }}
    >
      {others.map(
        ({ id, presence }) =>
          presence?.x !== undefined &&
          presence.y !== undefined && (
            <span
              key={id}
              className="pointer"
              style={{ left: `${presence.x * 100}%`, top: `${presence.y * 100}%` }}
            >
              {presence.name}
            </span>
          ),
      )}
    </div>
  );
}
