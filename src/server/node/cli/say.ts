// The output of the ready-made server: words on a terminal, lines of JSON elsewhere.
import { pino } from 'pino';
import type { ServerLogger } from '../../observe/log.js';

const levelMarks = { info: ' ', warn: '!', error: '✗' } as const;

const formatValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** @param terminal Whether the output goes to a terminal. */
export function createCliLogger(terminal: boolean, write: (text: string) => void): ServerLogger {
  if (!terminal) return pino({ name: 'roomful', level: 'info' }, { write });
  const line =
    (level: keyof typeof levelMarks) =>
    (details: object, message: string): void => {
      const fields = Object.entries(details).flatMap(([key, value]) =>
        value === null || value === undefined ? [] : [`${key}=${formatValue(value)}`],
      );
      write(`${levelMarks[level]} ${message}${fields.length ? `  ${fields.join(' ')}` : ''}\n`);
    };
  return { info: line('info'), warn: line('warn'), error: line('error') };
}
