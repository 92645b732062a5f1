// Formats values for the panel. Tokens and keys of sessions are hidden, because another person could use them.
import type { Codec } from '../../protocol/codec.js';
import { clientTuple, serverTuple } from '../../protocol/parse.js';
import type { Line } from './recorder.js';

const secretFields = new Set(['token', 'session', 'key', 'instance']);

/** Returns a value as JSON, with maps as objects, sets as lists and secrets as dots. */
export function toText(value: unknown, indent = 2): string {
  const text = JSON.stringify(
    value,
    (name, field: unknown) => {
      if (typeof field === 'string' && secretFields.has(name)) return '•••';
      if (field instanceof Map) return Object.fromEntries(field as Map<string, unknown>);
      if (field instanceof Set) return Array.from(field);
      if (field instanceof Uint8Array) return `${field.length} bytes`;
      if (typeof field === 'bigint') return String(field);
      return field === Infinity ? '∞' : field === -Infinity ? '-∞' : field;
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

/** Formats a duration in the unit that a person would choose. */
export function toDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 60_000
    ? `${(ms / 1_000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
}

/** Returns the bytes of a frame on the wire, without those that join it to other frames. */
export function sizeOf(line: Line, codec: Codec): number {
  return codec.size(
    codec.encode(line.direction === 'in' ? serverTuple(line.frame) : clientTuple(line.frame)),
  );
}
