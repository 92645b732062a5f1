// What happens between one client and the server, in words, as it happens.
import { useMemo, useSyncExternalStore, type ReactElement } from 'react';
import type { Client } from 'roomful';

type Step = Parameters<Parameters<Client['inspect']>[0]>[0];
type Effects = ReturnType<Parameters<Client['inspect']>[0]>;
type Frame =
  | Extract<Step, { type: 'received' }>['frames'][number]
  | Extract<Effects[number], { type: 'write' }>['frames'][number];

const wordsOf = (data: unknown): string =>
  typeof data === 'object' && data !== null && 'text' in data ? `“${String(data.text)}”` : '';

/** A frame in a line, or null: not worth one. */
function lineOf(frame: Frame, out: boolean): string | null {
  const arrow = out ? '→' : '←';
  switch (frame.type) {
    case 'hello':
      return `${arrow} hello`;
    case 'welcome':
      return `${arrow} welcome`;
    case 'join':
      return `${arrow} join ${frame.room} ${frame.position ? `from offset ${frame.position[1]}` : 'anew'}`;
    case 'joined':
      return `${arrow} joined at offset ${frame.position[1]}${frame.messages.length ? `, ${frame.messages.length} missed` : ''}${frame.why ? `: ${frame.why}` : ''}`;
    case 'send':
      return `${arrow} send number ${frame.seq} ${wordsOf(frame.data)}`;
    case 'ack':
      return frame.receipts
        .map(
          ([seq, offset, , duplicate]) =>
            `${arrow} number ${seq} acknowledged at offset ${offset}${duplicate ? ', a duplicate: dropped' : ''}`,
        )
        .join('\n');
    case 'nack':
      return `${arrow} number ${frame.seq} refused: ${frame.code}`;
    case 'message':
      return `${arrow} message at offset ${frame.entry[0]} ${wordsOf(frame.entry[8])}`;
    case 'reset':
      return `${arrow} reset of ${frame.room}: ${frame.why}`;
    case 'goaway':
      return `${arrow} the server asks to move on`;
    default:
      return null;
  }
}

interface Log {
  readonly subscribe: (changed: () => void) => () => void;
  readonly get: () => readonly string[];
}

function logOf(client: Client): Log {
  let lines: readonly string[] = [];
  return {
    subscribe(changed) {
      const inspection = client.inspect((event, step) => {
        const effects = step(event);
        const fresh: (string | null)[] = [];
        if (event.type === 'received') fresh.push(...event.frames.map((frame) => lineOf(frame, false)));
        if (event.type === 'lost') fresh.push(`✕ connection lost: ${event.code}`);
        for (const effect of effects) {
          if (effect.type === 'write') fresh.push(...effect.frames.map((frame) => lineOf(frame, true)));
          if (effect.type === 'open') fresh.push(`… attempt ${effect.attempt}`);
        }
        const found = fresh.filter((line) => line !== null);
        if (found.length > 0) {
          lines = [...lines, ...found].slice(-60);
          changed();
        }
        return effects;
      });
      return inspection.stop;
    },
    get: () => lines,
  };
}

export function EventLog({
  person,
  client,
}: {
  readonly person: string;
  readonly client: Client;
}): ReactElement {
  const log = useMemo(() => logOf(client), [client]);
  const lines = useSyncExternalStore(log.subscribe, log.get);
  return (
    <section className="log">
      <h2>{person} and the server</h2>
      <div className="scroll" role="log" tabIndex={0} aria-label={`Between ${person} and the server`}>
        <ol>
          {lines.map((line, index) => (
            <li key={`${index}:${line}`}>{line}</li>
          ))}
        </ol>
      </div>
    </section>
  );
}
