// Lists that are split over frames, so that no frame holds more values than a reader's scan lets through, and
// no message is larger than a reader must be ready for.
import { maxItems } from '../../protocol/limits.js';
import { wireSizeOf } from './wire-size.js';

/**
 * The values that the lists of a frame hold at most, unless a single item holds more. The largest entry and a
 * list of members beside it stay below the receiver's scan limit.
 */
export const maxPortionValues: number = maxItems / 2;

/** The bytes of a message that the server sends, at most, unless a single item in it takes more (P4). */
export const maxMessageBytes: number = 2 ** 20;

/**
 * The bytes of a list of entries, at most, unless a single entry takes more. A frame has room for some
 * members beside it.
 */
const maxListBytes = maxMessageBytes * 0.75;

/** The entries of a log that the server reads at once, at most. */
export const maxEntriesPerRead: number = 4_096;

/** The bytes of a part of a member list, at most. A slow reader takes one part after the other. */
export const maxMemberListBytes = 65_536;

/** The values in plain data, containers included, as a scan counts them. */
export function countValues(data: unknown): number {
  if (typeof data !== 'object' || data === null || data instanceof Uint8Array) return 1;
  let count = 1;
  if (Array.isArray(data)) for (const item of data) count += countValues(item);
  else for (const key of Object.keys(data)) count += countValues((data as Record<string, unknown>)[key]);
  return count;
}

interface MeasuredItem {
  readonly values: number;
  readonly bytes: number;
}

/** Entries and members never change, so that each is measured once for all of its readers. */
const measuredItems = new WeakMap<object, MeasuredItem>();

/** The values and bytes that one item of a list takes. */
export function measureItem(item: unknown): MeasuredItem {
  const known = typeof item === 'object' && item !== null ? measuredItems.get(item) : undefined;
  if (known) return known;
  // One byte more for the comma behind it.
  const measured = { values: countValues(item), bytes: wireSizeOf(item) + 1 };
  if (typeof item === 'object' && item !== null) measuredItems.set(item, measured);
  return measured;
}

/** Whether all of these lists fit in one frame. */
export function fitsOneFrame(...lists: readonly (readonly unknown[])[]): boolean {
  let values = 0;
  let bytes = 0;
  for (const list of lists)
    for (const item of list) {
      const measured = measureItem(item);
      values += measured.values;
      bytes += measured.bytes;
      if (values > maxPortionValues || bytes > maxListBytes) return false;
    }
  return true;
}

/** Splits `items`, in their order, into portions of at least one item. */
export function splitIntoPortions<T>(
  items: readonly T[],
  maxBytes: number = maxListBytes,
): readonly (readonly T[])[] {
  const allPortions: T[][] = [];
  let portion: T[] = [];
  let portionValues = 0;
  let portionBytes = 0;
  for (const item of items) {
    const { values, bytes } = measureItem(item);
    if (
      portion.length === 0 ||
      portionValues + values > maxPortionValues ||
      portionBytes + bytes > maxBytes
    ) {
      allPortions.push((portion = []));
      portionValues = 0;
      portionBytes = 0;
    }
    portion.push(item);
    portionValues += values;
    portionBytes += bytes;
  }
  return allPortions;
}

/** The newest items that fit in one portion, and at least one if there is any. */
export function newestPortion<T>(items: readonly T[]): readonly T[] {
  let from = items.length;
  let portionValues = 0;
  let portionBytes = 0;
  for (; from > 0; from--) {
    const { values, bytes } = measureItem(items[from - 1]);
    portionValues += values;
    portionBytes += bytes;
    if ((portionValues > maxPortionValues || portionBytes > maxListBytes) && from < items.length) break;
  }
  return items.slice(from);
}

/**
 * At most `maxCount` items of at most `maxBytes`, beginning at an index, and at least one if there is any.
 */
export function oldestItems<T>(items: readonly T[], from: number, maxCount: number, maxBytes: number): T[] {
  const end = Math.min(items.length, from + maxCount);
  if (maxBytes === Infinity) return items.slice(from, end);
  let to = from;
  for (let totalBytes = 0; to < end; to++) {
    totalBytes += measureItem(items[to]).bytes;
    if (totalBytes > maxBytes && to > from) break;
  }
  return items.slice(from, to);
}

/**
 * How many items before an index are at most `maxCount`, of at most `maxBytes`, and at least one if there is
 * any.
 */
export function countNewestBefore(
  items: readonly unknown[],
  end: number,
  maxCount: number,
  maxBytes: number,
): number {
  const count = Math.min(end, maxCount);
  if (maxBytes === Infinity) return count;
  let takenCount = 0;
  for (let totalBytes = 0; takenCount < count; takenCount++) {
    totalBytes += measureItem(items[end - takenCount - 1]).bytes;
    if (totalBytes > maxBytes && takenCount > 0) break;
  }
  return takenCount;
}
