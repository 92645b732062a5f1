// The tab with the outbox: messages without an answer, and failed ones.
import type { ReactElement } from 'react';
import { isInFlight, type Entry } from '../../client/machine/model/entry.js';
import { toBytes, toDuration, toText } from '../recording/format.js';
import type { TabProps } from './props.js';

export function OutboxTab({ recorder: { inspection }, recording: { at, state } }: TabProps): ReactElement {
  const entries = Array.from(state.rooms.values()).flatMap((room) =>
    Array.from(room.outbox.entries.values(), (entry) => ({ room: room.id, entry })),
  );
  if (entries.length === 0)
    return <p className="empty">Nothing waits: every message that was sent is acknowledged.</p>;
  const ask =
    (type: 'retry' | 'discard', room: string, { id }: Entry) =>
    (): void => {
      inspection.dispatch({ type, room, id });
    };
  return (
    <table>
      <caption>Own messages until they are acknowledged, oldest first</caption>
      <thead>
        <tr>
          <th scope="col">Room</th>
          <th scope="col">Type</th>
          <th scope="col">Seq</th>
          <th scope="col">State</th>
          <th scope="col">Age</th>
          <th scope="col">Size</th>
          <th scope="col">Data</th>
          <th scope="col">Do</th>
        </tr>
      </thead>
      <tbody>
        {entries.slice(0, 200).map(({ room, entry }) => (
          <tr key={entry.id}>
            <th scope="row">{room}</th>
            <td>{entry.type}</td>
            <td>{entry.seq ?? 'none yet'}</td>
            <td>
              {entry.failure ? `failed: ${entry.failure.code}` : isInFlight(entry) ? 'sending' : 'queued'}
            </td>
            <td>{toDuration(at - entry.queuedAt)}</td>
            <td>{toBytes(entry.bytes)}</td>
            <td>
              <code>{toText(entry.displayData, 0).slice(0, 200)}</code>
            </td>
            <td>
              {entry.failure && (
                <button type="button" onClick={ask('retry', room, entry)}>
                  Retry
                </button>
              )}
              {(entry.failure ?? !entry.mayHaveBeenSent) && (
                <button type="button" onClick={ask('discard', room, entry)}>
                  Discard
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
