// How things are written in the panel. Secrets are not: a session's key or a token can be somebody's to use.
import type { Codec } from '../protocol/codec.js';
import { clientTuple, serverTuple } from '../protocol/parse.js';
import type { Line } from './recorder.js';

const secrets = new Set(['token', 'session', 'key', 'instance']);

/** JSON that anybody may read over a shoulder: maps as objects, sets as lists, secrets as dots. */
export function toText(value: unknown, indent = 2): string {
  const text = JSON.stringify(
    value,
    (name, it: unknown) => {
      if (typeof it === 'string' && secrets.has(name)) return '•••';
      if (it instanceof Map) return Object.fromEntries(it as Map<string, unknown>);
      if (it instanceof Set) return Array.from(it);
      if (it instanceof Uint8Array) return `${it.length} bytes`;
      if (typeof it === 'bigint') return String(it);
      return it === Infinity ? '∞' : it === -Infinity ? '-∞' : it;
    },
    indent,
  ) as string | undefined;
  return text ?? String(value);
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  fractionalSecondDigits: 3,
});

export const toTime = (at: number): string => clock.format(at);

export const toBytes = (bytes: number): string =>
  bytes < 1_024 ? `${bytes} B` : `${(bytes / 1_024).toFixed(1)} KiB`;

/** How long, in the unit that a person would choose. */
export function toDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 60_000
    ? `${(ms / 1_000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
}

/** What a frame takes on the wire, but for what joins it to others. */
export function sizeOf(line: Line, codec: Codec): number {
  return codec.size(
    codec.encode(line.direction === 'in' ? serverTuple(line.frame) : clientTuple(line.frame)),
  );
}
