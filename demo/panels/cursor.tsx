// An arrow with a name, somewhere on the board.

/** Shares of the board's width and height. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Props {
  readonly at: Point;
  readonly name: string;
  readonly colour: string;
  readonly stale?: boolean | undefined;
}

export function Cursor({ at, name, colour, stale }: Props) {
  return (
    <div
      className="cursor"
      data-stale={stale}
      style={{ transform: `translate(${at.x * 100}cqw, ${at.y * 100}cqh)` }}
    >
      <svg viewBox="0 0 16 18" style={{ color: colour }}>
        <path d="M1 1l13.5 7.2-6.2 1.4L5 16z" />
      </svg>
      {/* Names turn over at the edge, where they would be cut off. */}
      <span data-flip={at.x > 0.7} style={{ backgroundColor: colour }}>
        {name}
      </span>
    </div>
  );
}
