// A frame for many connections, encoded once for each codec.
import type { Codec, Encoded } from '../../protocol/codec.js';
import type { ServerFrame } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';

export function encodeOnce(frame: ServerFrame): (codec: Codec) => Encoded {
  let lastCodec: Codec | null = null;
  let lastPart: Encoded = '';
  let tuple: unknown[] | null = null;
  const partByCodec = new Map<Codec, Encoded>();
  return (codec) => {
    if (codec === lastCodec) return lastPart;
    let part = partByCodec.get(codec);
    if (part === undefined) partByCodec.set(codec, (part = codec.encode((tuple ??= serverTuple(frame)))));
    lastCodec = codec;
    lastPart = part;
    return part;
  };
}
