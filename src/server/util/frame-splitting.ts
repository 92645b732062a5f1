// Frames made of many things, cut so that no reader's scan refuses one, whatever the things hold, and that no message is larger than a reader must be ready for.
import { maxItems } from '../../protocol/limits.js';
import { wireBytes } from './wire-size.js';

/** Values that a list in a frame holds, unless a single thing holds more. The largest entry there is and a list of members beside it stay below what a scan lets through. */
export const portion: number = maxItems / 2;

/** Bytes of any message that the server sends, unless a single thing in it takes more (P4). */
export const messageBytes: number = 2 ** 20;

/** Bytes of a list of entries, unless a single one takes more: beside it, a frame has room for some members. */
const listBytes = messageBytes * 0.75;

/** Entries that are read of a log at once, at most, where somebody missed many. */
export const readAtOnce: number = 4_096;

/** Bytes of a list of members: a slow reader takes them one after the other. */
export const membersBytes = 65_536;

/** Values in plain data, containers included, as a scan counts them. */
export function valuesIn(data: unknown): number {
  if (typeof data !== 'object' || data === null || data instanceof Uint8Array) return 1;
  let count = 1;
  if (Array.isArray(data)) for (const it of data) count += valuesIn(it);
  else for (const key of Object.keys(data)) count += valuesIn((data as Record<string, unknown>)[key]);
  return count;
}

interface Measured {
  readonly values: number;
  readonly bytes: number;
}

/** Entries and members never change: each is counted once, however many readers there are. */
const known = new WeakMap<object, Measured>();

/** What one thing in a list takes. */
export function measured(item: unknown): Measured {
  const before = typeof item === 'object' && item !== null ? known.get(item) : undefined;
  if (before) return before;
  // With the comma behind it.
  const its = { values: valuesIn(item), bytes: wireBytes(item) + 1 };
  if (typeof item === 'object' && item !== null) known.set(item, its);
  return its;
}

/** Whether all of these lists may stand in one frame. */
export function isPortion(...lists: readonly (readonly unknown[])[]): boolean {
  let values = 0;
  let bytes = 0;
  for (const list of lists)
    for (const item of list) {
      const its = measured(item);
      values += its.values;
      bytes += its.bytes;
      if (values > portion || bytes > listBytes) return false;
    }
  return true;
}

/** All of `items`, in order, in portions of at least one. */
export function portions<T>(items: readonly T[], mostBytes: number = listBytes): readonly (readonly T[])[] {
  const all: T[][] = [];
  let current: T[] = [];
  let held = 0;
  let size = 0;
  for (const item of items) {
    const { values, bytes } = measured(item);
    if (current.length === 0 || held + values > portion || size + bytes > mostBytes) {
      all.push((current = []));
      held = 0;
      size = 0;
    }
    current.push(item);
    held += values;
    size += bytes;
  }
  return all;
}

/** The last of `items` that make one portion; one at least, where there is one. */
export function newestPortion<T>(items: readonly T[]): readonly T[] {
  let from = items.length;
  let held = 0;
  let size = 0;
  for (; from > 0; from--) {
    const { values, bytes } = measured(items[from - 1]);
    held += values;
    size += bytes;
    if ((held > portion || size > listBytes) && from < items.length) break;
  }
  return items.slice(from);
}

/** From an index on, at most so many items of at most so many bytes; one at least, where there is one. */
export function oldestOf<T>(items: readonly T[], from: number, most: number, mostBytes: number): T[] {
  const end = Math.min(items.length, from + most);
  if (mostBytes === Infinity) return items.slice(from, end);
  let to = from;
  for (let size = 0; to < end; to++) {
    size += measured(items[to]).bytes;
    if (size > mostBytes && to > from) break;
  }
  return items.slice(from, to);
}

/** How many items before an index are at most so many, of at most so many bytes; one at least, where there is one. */
export function newestBefore(
  items: readonly unknown[],
  end: number,
  most: number,
  mostBytes: number,
): number {
  const count = Math.min(end, most);
  if (mostBytes === Infinity) return count;
  let taken = 0;
  for (let size = 0; taken < count; taken++) {
    size += measured(items[end - taken - 1]).bytes;
    if (size > mostBytes && taken > 0) break;
  }
  return taken;
}
