// A pass over MessagePack bytes before the decoder sees them. A hundred bytes of nested array headers end a Node process in the decoder's
// `new Array(size)`; this scan refuses whatever promises more values than there are bytes left, without allocating.
import { maxDepth, maxItems } from './limits.js';
import { Malformed } from './parse.js';
import { envelopeDepth } from './scan-json.js';

const deepest = maxDepth + envelopeDepth;
/** Values still owed by each open container. */
const owed = new Uint32Array(deepest + 1);

/** Arrays and maps in one frame: as many as a payload may hold, and those of a list of members beside it. */
const mostContainers = maxItems * 1.25;
/** What stands around a payload weighs less. */
const envelopeWeight = 256;

/** Texts, bytes, arrays and maps: each costs the decoder an object, however short it is. */
const isObject = (head: number): boolean =>
  (head >= 0x80 && head <= 0xbf) || (head >= 0xc4 && head <= 0xc6) || (head >= 0xd9 && head <= 0xdf);

const isContainer = (head: number): boolean =>
  (head >= 0x80 && head <= 0x9f) || (head >= 0xdc && head <= 0xdf);

/**
 * Throws {@link Malformed} where a length runs past the end, nesting is too deep, a frame holds too many
 * values or is none, or an extension type is
 * met. Returns how many frames there are.
 *
 * MessagePack says an empty map in one byte, for which JSON needs three: a message of the same length makes
 * three times as many of them.
 * `mostWeight` bounds what JSON would need at least for all objects of a message: two brackets or quotes
 * each, and what stands between values.
 */
export function scanMessagePack(bytes: Uint8Array, mostWeight: number = Infinity): number {
  const most = mostWeight + envelopeWeight;
  let weight = 0;
  let containers = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let depth = 0;
  let at = 0;
  let items = 0;
  let frames = 0;
  const end = bytes.length;
  const length = (size: 1 | 2 | 4): number => {
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
    else if (head === 0xc4 || head === 0xd9) skip = length(1);
    else if (head === 0xc5 || head === 0xda) skip = length(2);
    else if (head === 0xc6 || head === 0xdb) skip = length(4);
    else if (head === 0xca || head === 0xce || head === 0xd2) skip = 4;
    else if (head === 0xcb || head === 0xcf || head === 0xd3) skip = 8;
    else if (head === 0xcc || head === 0xd0) skip = 1;
    else if (head === 0xcd || head === 0xd1) skip = 2;
    else if (head === 0xdc) children = length(2);
    else if (head === 0xdd) children = length(4);
    else if (head === 0xde) pairs = length(2);
    else if (head === 0xdf) pairs = length(4);
    else throw new Malformed('an extension type or a byte that means nothing');
    if (isContainer(head) && ++containers > mostContainers) throw new Malformed('too many values');
    if (isContainer(head) && depth >= deepest) throw new Malformed('nested too deep');
    if (depth === 0 && (pairs > 0 || children === 0)) throw new Malformed('a frame that is no array');
    if (pairs > 0) {
      children = pairs * 2;
      // Keys are no values: as many may follow without being counted.
      items -= pairs;
    }
    // What stands between two values, or between a key and its value.
    if (children > 1) weight += children - 1;
    if (weight > most) throw new Malformed('too many values');
    if (skip > end - at || children > end - at) throw new Malformed('promises more than there is');
    at += skip;
    if (depth > 0) owed[depth] = (owed[depth] as number) - 1;
    if (children > 0) {
      owed[++depth] = children;
    }
    while (depth > 0 && owed[depth] === 0) depth--;
  }
  if (depth > 0) throw new Malformed('ends inside a value');
  if (frames === 0) throw new Malformed('a message without a frame');
  return frames;
}
