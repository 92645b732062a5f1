// RFC 6455 frames as bytes, right or wrong as one likes: no library would write the wrong ones.

export interface Shape {
  /** Default true: the last fragment. */
  readonly fin?: boolean;
  /** Reserved bits as they stand in the first byte: 0x40, 0x20, 0x10. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** Default all zero, which leaves the payload as it is. */
  readonly key?: Uint8Array;
  /** The length that is claimed, where it is not that of the payload. */
  readonly claims?: number | bigint;
  /** Bits that the length is written in. Default the fewest. */
  readonly bits?: 7 | 16 | 64;
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame as a client writes it. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array,
  {
    fin = true,
    reserved = 0,
    masked = true,
    key = new Uint8Array(4),
    claims = payload.length,
    bits,
  }: Shape = {},
): Buffer {
  const size = bits ?? (claims < 126 ? 7 : claims < 65_536 ? 16 : 64);
  const head = Buffer.alloc(2 + (size === 7 ? 0 : size / 8) + (masked ? 4 : 0));
  head[0] = (fin ? 0x80 : 0) | reserved | opcode;
  head[1] = (masked ? 0x80 : 0) | (size === 7 ? Number(claims) & 0x7f : size === 16 ? 126 : 127);
  if (size === 16) head.writeUInt16BE(Number(claims) & 0xffff, 2);
  if (size === 64) head.writeBigUInt64BE(BigInt.asUintN(64, BigInt(claims)), 2);
  if (!masked) return Buffer.concat([head, payload]);
  head.set(key, head.length - 4);
  return Buffer.concat([
    head,
    key.some((byte) => byte !== 0) ? payload.map((byte, at) => byte ^ (key[at % 4] as number)) : payload,
  ]);
}

export const textFrame = (text: string, shape: Shape = {}): Buffer =>
  clientFrame(opcodes.text, Buffer.from(text), shape);

export function closeFrame(
  code: number | null,
  reason: Uint8Array = new Uint8Array(),
  shape: Shape = {},
): Buffer {
  if (code === null) return clientFrame(opcodes.close, reason, shape);
  const body = Buffer.alloc(2 + reason.length);
  body.writeUInt16BE(code & 0xffff);
  body.set(reason, 2);
  return clientFrame(opcodes.close, body, shape);
}

/** Reads what a server writes: whole, unmasked frames. The payload is a view, good until the call returns. */
export function readFrames(heard: (opcode: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | null = null;
  return (chunk) => {
    const bytes: Buffer = rest ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = (bytes[at + 1] as number) & 0x7f;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (bytes.length - at < head) break;
      const length =
        head === 2 ? short : head === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
      if (bytes.length - at < head + length) break;
      heard((bytes[at] as number) & 0x0f, bytes.subarray(at + head, at + head + length));
      at += head + length;
    }
    rest = at < bytes.length ? bytes.subarray(at) : null;
  };
}
