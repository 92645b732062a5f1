// The codec port and JSON, the default.
import { Malformed } from './parse.js';
import { fromBase64, toBase64 } from './base64.js';
import { scanJson } from './scan-json.js';

export type Encoded = string | Uint8Array;

/** Turns tuples into what a WebSocket message carries, and back. */
export interface Codec {
  /** Its name in the subprotocol. */
  readonly name: string;
  /** Whether its messages are binary. */
  readonly binary: boolean;
  /** One tuple. */
  encode(tuple: readonly unknown[]): Encoded;
  /** Several encoded tuples as one message, without encoding again. */
  join(parts: readonly Encoded[]): Encoded;
  /**
   * A message as its tuples, not yet frames. Throws {@link Malformed}. `mostBytes`: it may hold no more
   * values than a JSON text of so many bytes, so that
   * reading it costs no more either; a codec that says nothing in fewer bytes than JSON passes it over.
   */
  decode(message: Encoded, mostBytes?: number): unknown[];
  /** Bytes that an encoded tuple takes, near enough for limits. */
  size(part: Encoded): number;
}

/** Begins a string that stands for bytes (base64 follows) or, doubled, a string that began with it. JSON always escapes it, so its absence shows in the text. */
const mark = '\u0001';
const escapedMark = '\\u0001';

/** Whether there is anything in it that {@link marked} replaces. */
function isMarkable(value: unknown): boolean {
  if (typeof value === 'string') return value.startsWith(mark);
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Uint8Array) return true;
  if (Array.isArray(value)) {
    for (const it of value) if (isMarkable(it)) return true;
    return false;
  }
  for (const key in value) if (isMarkable((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** Bytes, and strings that would be taken for bytes, replaced; the same reference where there are none. */
function marked(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(mark) ? mark + value : value;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return mark + toBase64(value);
  return mapped(value, marked);
}

function unmarked(value: unknown): unknown {
  if (typeof value === 'string') {
    if (!value.startsWith(mark)) return value;
    if (value[1] === mark) return value.slice(1);
    const bytes = fromBase64(value.slice(1));
    if (!bytes) throw new Malformed('bytes that are not base64');
    return bytes;
  }
  return typeof value === 'object' && value !== null ? mapped(value, unmarked) : value;
}

function mapped(value: object, change: (it: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    let copy: unknown[] | null = null;
    for (let index = 0; index < value.length; index++) {
      const next = change(value[index]);
      if (next !== value[index]) (copy ??= [...(value as unknown[])])[index] = next;
    }
    return copy ?? value;
  }
  let copy: Record<string, unknown> | null = null;
  for (const key of Object.keys(value)) {
    const before = (value as Record<string, unknown>)[key];
    const next = change(before);
    if (next !== before) (copy ??= { ...value } as Record<string, unknown>)[key] = next;
  }
  return copy ?? value;
}

/**
 * JSON, the default: text messages, one frame a line. Bytes (`Uint8Array`) travel as a marked base64 string and arrive as bytes.
 */
export function json(): Codec {
  return {
    name: 'json',
    binary: false,
    encode: (tuple) => JSON.stringify(isMarkable(tuple) ? marked(tuple) : tuple),
    join: (parts) => (parts.length === 1 ? (parts[0] as string) : parts.join('\n')),
    decode(message) {
      if (typeof message !== 'string') throw new Malformed('a binary message on a text subprotocol');
      const tuples: unknown[] = [];
      for (const line of message.includes('\n') ? message.split('\n') : [message]) {
        scanJson(line);
        let tuple: unknown;
        try {
          tuple = JSON.parse(line);
        } catch {
          throw new Malformed('not JSON');
        }
        tuples.push(line.includes(escapedMark) ? unmarked(tuple) : tuple);
      }
      return tuples;
    },
    size: (part) => part.length,
  };
}
