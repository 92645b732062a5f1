// What has to come of any bytes on an open WebSocket, by RFC 6455 and PROTOCOL.md: a reading of its own of the first, the package's own scan and checks for the second.
import type { Encoded } from '../../src/protocol/codec.js';
import type { ClientFrame } from '../../src/protocol/frames.js';
import { defaultLimits } from '../../src/protocol/limits.js';
import { parseClientFrame } from '../../src/protocol/parse.js';
import { closes, codecs, stays, waits, type CodecName, type Outcome } from './attack.js';

/** Somebody on a connection, as far as what was said says. */
export interface Speaker {
  readonly codec: CodecName;
  /** Who it is; null before its hello. */
  user: string | null;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of these bytes, or null where they are none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** Codes that may stand in a close frame, RFC 6455 §7.4 and the registry behind it. */
export const mayClose = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);

/** Codes with which a whole message ends the connection: none where it goes on. */
export function codesOf(speaker: Speaker, data: Encoded): readonly number[] {
  let frames: ClientFrame[];
  try {
    frames = codecs[speaker.codec].decode(data).flatMap((tuple) => parseClientFrame(tuple) ?? []);
  } catch {
    return [4400];
  }
  if (frames.length === 0 && speaker.user === null) return [4400];
  // A refused token ends the connection when the answer is there; a frame out of turn, at once.
  const later: number[] = [];
  for (const frame of frames) {
    if ((frame.type === 'hello') !== (speaker.user === null)) return [4400];
    if (frame.type === 'hello') {
      speaker.user = frame.token ?? '';
      if (speaker.user === '') later.push(4401);
    }
    if (frame.type === 'auth' && frame.token !== speaker.user) later.push(frame.token === '' ? 4401 : 4403);
  }
  return later.slice(0, 1);
}

/** What comes of these bytes. Changes the speaker. */
export function foresee(speaker: Speaker, bytes: Buffer): Outcome {
  const codes: number[] = [];
  let parts: Buffer[] | null = null;
  let isText = false;
  let at = 0;
  const outcome = (): Outcome => (codes.length > 0 ? closes(...codes) : waits);
  const fails = (code: number): Outcome => closes(...codes, code);
  while (at < bytes.length) {
    if (bytes.length - at < 2) return outcome();
    const [first, second] = [bytes.readUInt8(at), bytes.readUInt8(at + 1)];
    const [fin, opcode, short] = [(first & 0x80) !== 0, first & 0x0f, second & 0x7f];
    const control = opcode >= 8;
    if ((first & 0x70) !== 0 || (opcode > 2 && opcode < 8) || opcode > 10 || (second & 0x80) === 0)
      return fails(1002);
    if (control ? !fin || short > 125 || (opcode === 8 && short === 1) : (opcode === 0) !== (parts !== null))
      return fails(1002);
    at += 2;
    let length: number | bigint = short;
    if (short >= 126) {
      const size = short === 126 ? 2 : 8;
      if (bytes.length - at < size) return outcome();
      length = size === 2 ? bytes.readUInt16BE(at) : bytes.readBigUInt64BE(at);
      at += size;
    }
    const before = parts?.reduce((sum, part) => sum + part.length, 0) ?? 0;
    if (!control && Number(length) > 0 && before + Number(length) > defaultLimits.frame) return fails(1009);
    if (bytes.length - at < 4 + Number(length)) return outcome();
    const key = bytes.subarray(at, at + 4);
    const payload = Buffer.from(
      bytes.subarray(at + 4, at + 4 + Number(length)).map((byte, index) => byte ^ key.readUInt8(index % 4)),
    );
    at += 4 + Number(length);
    if (opcode === 8) {
      const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
      if (payload.length > 0 && !mayClose(code)) return fails(1002);
      return fails(textOf(payload.subarray(2)) === null ? 1007 : code);
    }
    if (control) continue;
    if (opcode !== 0) isText = opcode === 1;
    parts = [...(parts ?? []), payload];
    if (!fin) continue;
    const whole = Buffer.concat(parts);
    parts = null;
    const text = isText ? textOf(whole) : null;
    if (isText && text === null) return fails(1007);
    const its = codesOf(speaker, text ?? whole);
    codes.push(...its);
    // What closes at once is not read on.
    if (its[0] === 4400) return outcome();
  }
  if (codes.length > 0) return outcome();
  return parts === null && speaker.user !== null ? stays : waits;
}
