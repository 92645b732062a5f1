// The size of a message on the wire. Limits count bytes, and a character takes one to three of them.
import type { Encoded } from './codec.js';

const utf8 = new TextEncoder();

export const byteLength = (data: Encoded): number =>
  typeof data === 'string' ? utf8.encode(data).length : data.length;

/** Returns the longest beginning of a text that takes at most `limit` bytes. It cuts no character in two. */
export const cutToBytes = (text: string, limit: number): string =>
  text.length * 3 <= limit ? text : text.slice(0, utf8.encodeInto(text, new Uint8Array(limit)).read);

/**
 * Tells if the data takes more than `limit` bytes. It counts bytes only if the number of characters does not decide.
 */
export const isLarger = (data: Encoded, limit: number): boolean =>
  data.length > limit || (data.length * 3 > limit && byteLength(data) > limit);
