// Frames made of many things, cut so that no reader's scan refuses one, whatever the things hold, and that no message is larger than a reader must be ready for.
import { maxItems } from '../../protocol/limits.js';
import { wireSizeOf } from './wire-size.js';

/** Values that a list in a frame holds, unless a single thing holds more. The largest entry there is and a list of members beside it stay below what a scan lets through. */
export const maxPortionValues: number = maxItems / 2;

/** Bytes of any message that the server sends, unless a single thing in it takes more (P4). */
export const maxMessageBytes: number = 2 ** 20;

/** Bytes of a list of entries, unless a single one takes more: beside it, a frame has room for some members. */
const maxListBytes = maxMessageBytes * 0.75;

/** Entries that are read of a log at once, at most, where somebody missed many. */
export const maxEntriesPerRead: number = 4_096;

/** Bytes of a list of members: a slow reader takes them one after the other. */
export const maxMemberListBytes = 65_536;

/** Values in plain data, containers included, as a scan counts them. */
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

/** Entries and members never change: each is counted once, however many readers there are. */
const measuredItems = new WeakMap<object, MeasuredItem>();

/** What one thing in a list takes. */
export function measureItem(item: unknown): MeasuredItem {
  const known = typeof item === 'object' && item !== null ? measuredItems.get(item) : undefined;
  if (known) return known;
  // With the comma behind it.
  const measured = { values: countValues(item), bytes: wireSizeOf(item) + 1 };
  if (typeof item === 'object' && item !== null) measuredItems.set(item, measured);
  return measured;
}

/** Whether all of these lists may stand in one frame. */
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

/** All of `items`, in order, in portions of at least one. */
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

/** The last of `items` that make one portion; one at least, where there is one. */
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

/** From an index on, at most so many items of at most so many bytes; one at least, where there is one. */
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

/** How many items before an index are at most so many, of at most so many bytes; one at least, where there is one. */
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
