// How large a message is on the wire: bounds are bytes, and a character takes one to three of them.
import type { Encoded } from './codec.js';

const utf8 = new TextEncoder();

export const byteLength = (data: Encoded): number =>
  typeof data === 'string' ? utf8.encode(data).length : data.length;

/** The longest beginning of a text that takes at most `limit` bytes. No character is cut in two. */
export const cutToBytes = (text: string, limit: number): string =>
  text.length * 3 <= limit ? text : text.slice(0, utf8.encodeInto(text, new Uint8Array(limit)).read);

/** Whether it takes more than `limit` bytes. They are counted only where the number of characters leaves it open. */
export const isLarger = (data: Encoded, limit: number): boolean =>
  data.length > limit || (data.length * 3 > limit && byteLength(data) > limit);
