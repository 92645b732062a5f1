// The tab with the frames in both directions.
import { memo, useState, type ReactElement } from 'react';
import type { Codec } from '../../protocol/codec.js';
import { sizeOf, toBytes, toText, toTime } from '../recording/format.js';
import type { TabProps } from './props.js';
import type { Line } from '../recording/recorder.js';
import { Search, Split } from './split.js';

/** Rows that the list shows. */
const maxRows = 200;
type Direction = Line['direction'] | 'both';

const roomOf = ({ frame }: Line): string => ('room' in frame ? frame.room : '');

const Row = memo(function Row({
  line,
  codec,
  selected,
  onSelect,
}: {
  readonly line: Line;
  readonly codec: Codec;
  readonly selected: boolean;
  readonly onSelect: (id: number) => void;
}): ReactElement {
  return (
    <li>
      <button
        type="button"
        aria-pressed={selected}
        onClick={() => {
          onSelect(line.id);
        }}
      >
        <time>{toTime(line.at)}</time>
        <b className={line.direction}>
          <span aria-hidden="true">{line.direction === 'in' ? '↓' : '↑'}</span>
          <span className="hidden">{line.direction === 'in' ? 'in' : 'out'}</span> {line.frame.type}
        </b>
        <span>{roomOf(line)}</span>
        <i>{toBytes(sizeOf(line, codec))}</i>
      </button>
    </li>
  );
});

export function FramesTab({ recorder: { inspection }, recording: { lines, state } }: TabProps): ReactElement {
  const [text, setText] = useState('');
  const [direction, setDirection] = useState<Direction>('both');
  const [chosen, setChosen] = useState<number | null>(null);
  const name = 'codec' in state.connection ? state.connection.codec : null;
  const codec = inspection.codecs.find((offered) => offered.name === name) ?? inspection.codecs[0];
  const needle = text.toLowerCase();
  const wanted = (line: Line): boolean =>
    (direction === 'both' || line.direction === direction) &&
    (!needle || toText(line.frame, 0).toLowerCase().includes(needle));
  const found = lines.filter(wanted);
  const line = lines.find(({ id }) => id === chosen);
  return (
    <Split
      list={
        <>
          <div className="filters">
            <Search label="Find frames" value={text} onChange={setText} />
            <label>
              <span className="hidden">Direction</span>
              <select
                value={direction}
                onChange={({ target }) => {
                  setDirection(target.value as Direction);
                }}
              >
                <option value="both">both ways</option>
                <option value="in">in</option>
                <option value="out">out</option>
              </select>
            </label>
          </div>
          <ol className="rows" aria-label="Frames, newest first">
            {codec &&
              found
                .slice(-maxRows)
                .toReversed()
                .map((line) => (
                  <Row
                    key={line.id}
                    line={line}
                    codec={codec}
                    selected={line.id === chosen}
                    onSelect={setChosen}
                  />
                ))}
          </ol>
        </>
      }
      detail={
        line && codec ? (
          <LineDetail line={line} codec={codec} />
        ) : (
          <p className="empty">Choose a frame to see what is in it.</p>
        )
      }
    />
  );
}

function LineDetail({ line, codec }: { readonly line: Line; readonly codec: Codec }): ReactElement {
  const [copied, setCopied] = useState(0);
  const text = toText(line.frame);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => {
        setCopied(line.id);
      },
      () => {
        setCopied(0);
      },
    );
  };
  return (
    <>
      <h3>
        {line.frame.type}{' '}
        <small>
          {toBytes(sizeOf(line, codec))} as {codec.name}, attempt {line.attempt}
        </small>
      </h3>
      <button type="button" onClick={copy}>
        Copy
      </button>{' '}
      <output>{copied === line.id ? 'Copied' : ''}</output>
      <pre>{text}</pre>
    </>
  );
}
