// The same frame for many: encoded once for each codec that asks.
import type { Codec, Encoded } from '../../protocol/codec.js';
import type { ServerFrame } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';

export function encodedOnce(frame: ServerFrame): (codec: Codec) => Encoded {
  let lastCodec: Codec | null = null;
  let last: Encoded = '';
  let tuple: unknown[] | null = null;
  const others = new Map<Codec, Encoded>();
  return (codec) => {
    if (codec === lastCodec) return last;
    let part = others.get(codec);
    if (part === undefined) others.set(codec, (part = codec.encode((tuple ??= serverTuple(frame)))));
    lastCodec = codec;
    last = part;
    return part;
  };
}
