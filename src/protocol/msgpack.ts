// The MessagePack codec: the one file that knows @msgpack/msgpack, an entry of its own so that a JSON-only app ships none of it.
import { Decoder, Encoder } from '@msgpack/msgpack';
import type { Codec } from './codec.js';
import { maxDepth } from './limits.js';
import { Malformed } from './parse.js';
import { envelopeDepth } from './scan-json.js';
import { scanMessagePack } from './scan-msgpack.js';

/**
 * MessagePack: binary messages, frames one after the other. Smaller than JSON, and much faster for bytes; for small messages JSON is faster.
 * Give it to both ends: `codecs: [msgpack(), json()]`.
 */
export function msgpack(): Codec {
  const encoder = new Encoder({ maxDepth: maxDepth + envelopeDepth, ignoreUndefined: true });
  const decoder = new Decoder({ mapKeyConverter: keyOf });
  const decoded = (message: Uint8Array, frames: number, by: Decoder): unknown[] =>
    frames === 1 ? [by.decode(message)] : [...by.decodeMulti(message)];
  return {
    name: 'msgpack',
    binary: true,
    encode: (tuple) => encoder.encode(tuple),
    join(parts) {
      if (parts.length === 1) return parts[0] as Uint8Array;
      let length = 0;
      for (const part of parts) length += part.length;
      const whole = new Uint8Array(length);
      let at = 0;
      for (const part of parts as readonly Uint8Array[]) {
        whole.set(part, at);
        at += part.length;
      }
      return whole;
    },
    decode(message, mostBytes) {
      if (typeof message === 'string') throw new Malformed('a text message on a binary subprotocol');
      const frames = scanMessagePack(message, mostBytes);
      try {
        return decoded(message, frames, decoder);
      } catch (error) {
        if (String(error).includes(protoKey)) return decoded(message, frames, renaming);
        throw new Malformed('not MessagePack');
      }
    },
    size: (part) => part.length,
  };
}

/** The library throws at this key, and with it would go every frame of the message. */
const protoKey = '__proto__';

/** Reads that key as `prototype`, which is as long, and which every reader of payloads refuses alike. */
const renaming = /* @__PURE__ */ new Decoder({
  mapKeyConverter: keyOf,
  keyDecoder: {
    canBeCached: (length) => length === protoKey.length,
    decode(bytes, at, length) {
      const key = new TextDecoder().decode(bytes.subarray(at, at + length));
      return key === protoKey ? 'prototype' : key;
    },
  },
});

function keyOf(key: unknown): string {
  if (typeof key !== 'string') throw new Malformed('a map key that is not a string');
  return key;
}

export type { Codec, Encoded } from './codec.js';
