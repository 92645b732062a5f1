// The MessagePack codec (`roomful/msgpack`). Only this file imports @msgpack/msgpack, so an app with JSON only ships
// none of it.
import { Decoder, Encoder } from '@msgpack/msgpack';
import type { Codec } from './codec.js';
import { maxDepth } from './limits.js';
import { Malformed } from './parse.js';
import { envelopeDepth } from './scan-json.js';
import { scanMessagePack } from './scan-msgpack.js';

/**
 * The MessagePack codec. Its binary messages are smaller than JSON, and it is much faster for bytes (`Uint8Array`). For
 * small messages JSON is faster. Pass it to the client and to the server.
 *
 * @example
 * const client = createClient({ url, codecs: [msgpack(), json()] });
 */
export function msgpack(): Codec {
  const encoder = new Encoder({ maxDepth: maxDepth + envelopeDepth, ignoreUndefined: true });
  const decoder = new Decoder({ mapKeyConverter: keyOf });
  const decodeWith = (chosen: Decoder, message: Uint8Array, frames: number): unknown[] =>
    frames === 1 ? [chosen.decode(message)] : [...chosen.decodeMulti(message)];
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
    decode(message, maxBytes) {
      if (typeof message === 'string') throw new Malformed('a text message on a binary subprotocol');
      const frames = scanMessagePack(message, maxBytes);
      try {
        return decodeWith(decoder, message, frames);
      } catch (error) {
        if (String(error).includes(protoKey)) return decodeWith(renamingDecoder, message, frames);
        throw new Malformed('not MessagePack');
      }
    },
    size: (part) => part.length,
  };
}

/** The library throws at this key, and the message would lose all its frames. */
const protoKey = '__proto__';

/** Reads that key as `prototype`, which has the same length. A reader of payloads refuses both keys. */
const renamingDecoder = /* @__PURE__ */ new Decoder({
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
