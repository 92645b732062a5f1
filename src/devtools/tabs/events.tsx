// The tab with the events of the machine: the changes and the effects of each.
import { memo, useState, type ReactElement } from 'react';
import { changesBetween } from '../recording/changes.js';
import { toText, toTime } from '../recording/format.js';
import type { TabProps } from './props.js';
import type { Moment } from '../recording/recorder.js';
import { Search, Split } from './split.js';

/** Rows that the list shows. */
const maxRows = 200;

/** Says in a few words which room or attempt an event is about. */
function aboutOf({ event }: Moment): string {
  if (event.type === 'received') return event.frames.map(({ type }) => type).join(', ');
  if (event.type === 'lost') return `${event.code} ${event.reason}`;
  if (event.type === 'send') return event.messages.map(({ room, type }) => `${room} ${type}`).join(', ');
  return 'room' in event ? event.room : '';
}

const Row = memo(function Row({
  moment,
  selected,
  onSelect,
}: {
  readonly moment: Moment;
  readonly selected: boolean;
  readonly onSelect: (id: number) => void;
}): ReactElement {
  return (
    <li>
      <button
        type="button"
        aria-pressed={selected}
        onClick={() => {
          onSelect(moment.id);
        }}
      >
        <time>{toTime(moment.at)}</time>
        <b>{moment.event.type}</b>
        <span>{aboutOf(moment)}</span>
      </button>
    </li>
  );
});

export function EventsTab({ recording: { moments } }: TabProps): ReactElement {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<number | null>(null);
  const needle = text.toLowerCase();
  const found = needle
    ? moments.filter((moment) => `${moment.event.type} ${aboutOf(moment)}`.toLowerCase().includes(needle))
    : moments;
  const moment = moments.find(({ id }) => id === chosen);
  return (
    <Split
      list={
        <>
          <Search label="Find events" value={text} onChange={setText} />
          <ol className="rows" aria-label="Events, newest first">
            {found
              .slice(-maxRows)
              .toReversed()
              .map((moment) => (
                <Row key={moment.id} moment={moment} selected={moment.id === chosen} onSelect={setChosen} />
              ))}
          </ol>
        </>
      }
      detail={
        moment ? (
          <MomentDetail moment={moment} />
        ) : (
          <p className="empty">Choose an event to see the state before and after it.</p>
        )
      }
    />
  );
}

function MomentDetail({
  moment: { event, before, after, effects },
}: {
  readonly moment: Moment;
}): ReactElement {
  const changes = changesBetween(before, after);
  return (
    <>
      <h3>{event.type}</h3>
      <pre>{toText(event)}</pre>
      <h4>State</h4>
      {changes.length === 0 ? (
        <p className="empty">It changed nothing.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Path</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => (
              <tr key={change.path}>
                <th scope="row">{change.path}</th>
                <td>
                  <pre>{textOf(change.path, change.before)}</pre>
                </td>
                <td>
                  <pre>{textOf(change.path, change.after)}</pre>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h4>Effects</h4>
      {effects.length === 0 ? <p className="empty">It asked for none.</p> : <pre>{toText(effects)}</pre>}
    </>
  );
}

/** Formats one field. Its name tells if it is a secret. */
function textOf(path: string, value: unknown): string {
  const name = path.slice(path.lastIndexOf('.') + 1);
  return (
    toText({ [name]: value }, 1)
      .split('\n')
      .slice(1, -1)
      .map((line) => line.slice(1))
      .join('\n')
      .replace(/^"[^"]*": /, '') || 'none'
  );
}
