// Scans MessagePack bytes before they are decoded. A hundred bytes of nested array headers would end a Node process
// in the decoder's `new Array(size)`. The scan refuses a header with more values than there are bytes left, and
// allocates nothing.

import { maxDepth, maxItems } from './limits.js';
import { Malformed } from './parse.js';
import { envelopeDepth } from './scan-json.js';

const maxFrameDepth = maxDepth + envelopeDepth;
/** Values that each open container still misses, by depth. */
const missingValues = new Uint32Array(maxFrameDepth + 1);

/** Arrays and maps in one frame: those of a payload, and those of a list of members beside it. */
const maxContainers = maxItems * 1.25;
/** An upper bound for the weight of a frame without its payload. */
const envelopeWeight = 256;

/** Texts, bytes, arrays and maps cost the decoder an object each, even if they are empty. */
const isObject = (head: number): boolean =>
  (head >= 0x80 && head <= 0xbf) || (head >= 0xc4 && head <= 0xc6) || (head >= 0xd9 && head <= 0xdf);

const isContainer = (head: number): boolean =>
  (head >= 0x80 && head <= 0x9f) || (head >= 0xdc && head <= 0xdf);

/**
 * Returns the number of frames in a message. Throws {@link Malformed} if the message is not well formed: a length runs
 * past the end, or a value has an extension type. It also throws if a frame is not an array, nests too deep or holds
 * too many values.
 *
 * @param maxWeight bounds the bytes that JSON would need for the objects of the message: two brackets or quotes each,
 * and a comma between values. MessagePack writes an empty map in one byte and JSON in three with its comma, so a
 * message of the same length could hold three times as many objects.
 */
export function scanMessagePack(bytes: Uint8Array, maxWeight: number = Infinity): number {
  const maxMessageWeight = maxWeight + envelopeWeight;
  let weight = 0;
  let containers = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let depth = 0;
  let at = 0;
  let items = 0;
  let frames = 0;
  const end = bytes.length;
  const readLength = (size: 1 | 2 | 4): number => {
    if (at + size > end) throw new Malformed('ends inside a length');
    const value = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at) : view.getUint32(at);
    at += size;
    return value;
  };
  while (at < end) {
    if (depth === 0) {
      items = 0;
      containers = 0;
      frames++;
      weight++;
    }
    const head = bytes[at++] as number;
    if (isObject(head)) weight += 2;
    if (++items > maxItems * 2) throw new Malformed('too many values');
    let skip = 0;
    let children = 0;
    let pairs = 0;
    if (head <= 0x7f || head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3) skip = 0;
    else if (head <= 0x8f) pairs = head & 0x0f;
    else if (head <= 0x9f) children = head & 0x0f;
    else if (head <= 0xbf) skip = head & 0x1f;
    else if (head === 0xc4 || head === 0xd9) skip = readLength(1);
    else if (head === 0xc5 || head === 0xda) skip = readLength(2);
    else if (head === 0xc6 || head === 0xdb) skip = readLength(4);
    else if (head === 0xca || head === 0xce || head === 0xd2) skip = 4;
    else if (head === 0xcb || head === 0xcf || head === 0xd3) skip = 8;
    else if (head === 0xcc || head === 0xd0) skip = 1;
    else if (head === 0xcd || head === 0xd1) skip = 2;
    else if (head === 0xdc) children = readLength(2);
    else if (head === 0xdd) children = readLength(4);
    else if (head === 0xde) pairs = readLength(2);
    else if (head === 0xdf) pairs = readLength(4);
    else throw new Malformed('an extension type or a byte that means nothing');
    if (isContainer(head) && ++containers > maxContainers) throw new Malformed('too many values');
    if (isContainer(head) && depth >= maxFrameDepth) throw new Malformed('nested too deep');
    if (depth === 0 && (pairs > 0 || children === 0)) throw new Malformed('a frame that is no array');
    if (pairs > 0) {
      children = pairs * 2;
      // Keys do not count as values.
      items -= pairs;
    }
    // A comma between two values, or a colon between a key and its value.
    if (children > 1) weight += children - 1;
    if (weight > maxMessageWeight) throw new Malformed('too many values');
    if (skip > end - at || children > end - at) throw new Malformed('promises more than there is');
    at += skip;
    if (depth > 0) missingValues[depth] = (missingValues[depth] as number) - 1;
    if (children > 0) {
      missingValues[++depth] = children;
    }
    while (depth > 0 && missingValues[depth] === 0) depth--;
  }
  if (depth > 0) throw new Malformed('ends inside a value');
  if (frames === 0) throw new Malformed('a message without a frame');
  return frames;
}
