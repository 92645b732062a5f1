// A board on which everybody sees where everybody points.
import { useMyPresence, useOthers, useRoom } from 'roomful';
import { useEffect, type KeyboardEvent, type MouseEvent } from 'react';
import { Panel } from '../panel.js';
import { board, type Identity } from '../rooms.js';
import { Cursor, type Point } from './cursor.js';
import { useRipples } from './use-ripples.js';

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const centre: Point = { x: 0.5, y: 0.5 };
const step = 0.03;
const arrows: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -step, y: 0 },
  ArrowRight: { x: step, y: 0 },
  ArrowUp: { x: 0, y: -step },
  ArrowDown: { x: 0, y: step },
};

function pointOf({ clientX, clientY, currentTarget }: MouseEvent<HTMLElement>): Point {
  const { left, top, width, height } = currentTarget.getBoundingClientRect();
  return { x: clamp((clientX - left) / width), y: clamp((clientY - top) / height) };
}

export function Board({ me }: { readonly me: Identity }) {
  const { name, colour } = me;
  const room = useRoom(board, { id: 'lobby' }, { presence: { name, colour, cursor: null } });
  const [mine, update] = useMyPresence(room);
  const others = useOthers(room);
  const [ripples, ripple] = useRipples(room);
  const at = mine?.cursor ?? centre;

  useEffect(() => {
    update({ name, colour });
  }, [name, colour, update]);

  const steer = (event: KeyboardEvent): void => {
    const arrow = arrows[event.key];
    if (!arrow) return;
    event.preventDefault();
    update({ cursor: { x: clamp(at.x + arrow.x), y: clamp(at.y + arrow.y) } });
  };

  return (
    <Panel name="board" title="Board" note="Move to point, press to make a ripple">
      <div className="surface">
        {others.length === 0 ? (
          <p className="empty">
            Nobody else is here.{' '}
            <a href="/" target="_blank" rel="noopener">
              Open a second window
            </a>{' '}
            and put it beside this one.
          </p>
        ) : (
          others.every(({ presence }) => !presence?.cursor) && (
            <p className="empty">Nobody points at anything yet.</p>
          )
        )}
        <button
          type="button"
          className="pad"
          aria-label="Board: arrow keys move your cursor, Enter makes a ripple"
          onPointerMove={(event) => {
            update({ cursor: pointOf(event) });
          }}
          onPointerDown={(event) => {
            update({ cursor: pointOf(event) });
          }}
          onPointerLeave={() => {
            update({ cursor: null });
          }}
          onBlur={({ currentTarget }) => {
            if (!currentTarget.matches(':hover')) update({ cursor: null });
          }}
          onKeyDown={steer}
          // A press of a key has no place of its own.
          onClick={(event) => {
            ripple({ ...(event.detail === 0 ? at : pointOf(event)), colour });
          }}
        />
        <div className="overlay" aria-hidden="true">
          {ripples.map(({ id, x, y, colour: of }) => (
            <span
              key={id}
              className="ripple"
              style={{ left: `${x * 100}%`, top: `${y * 100}%`, color: of }}
            />
          ))}
          {others.map(
            ({ id, presence, stale }) =>
              presence?.cursor && (
                <Cursor
                  key={id}
                  at={presence.cursor}
                  name={presence.name}
                  colour={presence.colour}
                  stale={stale}
                />
              ),
          )}
          <div className="own">
            <Cursor at={at} name="You" colour={colour} />
          </div>
        </div>
      </div>
    </Panel>
  );
}
