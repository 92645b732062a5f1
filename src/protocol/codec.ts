// The codec port, and the JSON codec.
import { Malformed } from './parse.js';
import { fromBase64, toBase64 } from './base64.js';
import { scanJson } from './scan-json.js';

export type Encoded = string | Uint8Array;

/** Turns frames into messages of a WebSocket, and back. A frame is a tuple here: an opcode and its fields. */
export interface Codec {
  /** The last part of the subprotocol's name. */
  readonly name: string;
  /** True if the codec makes binary messages. */
  readonly binary: boolean;
  /** Encodes one frame. */
  encode(tuple: readonly unknown[]): Encoded;
  /** Joins encoded frames into one message. */
  join(parts: readonly Encoded[]): Encoded;
  /**
   * Decodes a message into the tuples of its frames. Throws {@link Malformed}.
   *
   * @param maxBytes refuses a message with more values than a JSON text of this size can hold, because reading it would
   * cost more. A codec that is never shorter than JSON ignores it.
   */
  decode(message: Encoded, maxBytes?: number): unknown[];
  /** Returns about how many bytes an encoded frame takes. */
  size(part: Encoded): number;
}

/**
 * The first character of a string that stands for bytes in base64. A string of the app that begins with it gets a
 * second one. JSON always escapes this character, so a text without the escape holds no marked string.
 */
const mark = '\u0001';
const escapedMark = '\\u0001';

/** Tells if {@link markBytes} would change a value. */
function hasBytes(value: unknown): boolean {
  if (typeof value === 'string') return value.startsWith(mark);
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Uint8Array) return true;
  if (Array.isArray(value)) {
    for (const item of value) if (hasBytes(item)) return true;
    return false;
  }
  for (const key in value) if (hasBytes((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** Replaces bytes, and strings that look like marked bytes. Returns the same reference if there are none. */
function markBytes(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(mark) ? mark + value : value;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return mark + toBase64(value);
  return mapValues(value, markBytes);
}

function unmarkBytes(value: unknown): unknown {
  if (typeof value === 'string') {
    if (!value.startsWith(mark)) return value;
    if (value[1] === mark) return value.slice(1);
    const bytes = fromBase64(value.slice(1));
    if (!bytes) throw new Malformed('bytes that are not base64');
    return bytes;
  }
  return typeof value === 'object' && value !== null ? mapValues(value, unmarkBytes) : value;
}

/** Changes each value of an array or an object, in a copy. Returns the same reference if none changed. */
function mapValues(value: object, change: (item: unknown) => unknown): unknown {
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
 * The JSON codec, which a client uses by default. It sends text messages with one frame in each line. Bytes
 * (`Uint8Array`) travel as base64 and arrive as bytes.
 */
export function json(): Codec {
  return {
    name: 'json',
    binary: false,
    encode: (tuple) => JSON.stringify(hasBytes(tuple) ? markBytes(tuple) : tuple),
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
        tuples.push(line.includes(escapedMark) ? unmarkBytes(tuple) : tuple);
      }
      return tuples;
    },
    size: (part) => part.length,
  };
}
