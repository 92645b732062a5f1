// How a pong begins on the wire: what follows the time says over how long clients should come back, and is of no concern to who waits for an answer.
import type { Encoded } from '../../../src/protocol/codec.js';

export function pongTo(encode: (tuple: readonly unknown[]) => Encoded, time: number): string {
  const whole = encode([10, time]);
  // Of MessagePack the first byte is how many fields there are.
  return typeof whole === 'string'
    ? `${whole.slice(0, -1)},`
    : Buffer.from(whole.subarray(1)).toString('latin1');
}
