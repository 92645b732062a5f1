// Frames made of many things, cut so that no reader's scan refuses one, whatever the things hold.
import { maxItems } from '../protocol/limits.js';
import { weightOf } from './weight.js';

/** Values that a list in a frame holds, unless a single thing holds more. The largest entry there is and a list of members beside it stay below what a scan lets through. */
export const portion: number = maxItems / 2;

/** What such a list costs in memory, in bytes, which is more than it takes on the wire; unless a single thing costs more. */
const heaviest = 2 ** 20;

/** Values in plain data, containers included, as a scan counts them. */
export function valuesIn(data: unknown): number {
  if (typeof data !== 'object' || data === null || data instanceof Uint8Array) return 1;
  let count = 1;
  if (Array.isArray(data)) for (const it of data) count += valuesIn(it);
  else for (const key of Object.keys(data)) count += valuesIn((data as Record<string, unknown>)[key]);
  return count;
}

/** Whether all of this may stand in one frame. */
export const isPortion = (data: unknown): boolean => valuesIn(data) <= portion && weightOf(data) <= heaviest;

/** All of `items`, in order, in portions of at least one. */
export function portions<T>(items: readonly T[]): readonly (readonly T[])[] {
  const all: T[][] = [];
  let current: T[] = [];
  let held = 0;
  let weight = 0;
  for (const item of items) {
    const values = valuesIn(item);
    const weighs = weightOf(item);
    if (current.length === 0 || held + values > portion || weight + weighs > heaviest) {
      all.push((current = []));
      held = 0;
      weight = 0;
    }
    current.push(item);
    held += values;
    weight += weighs;
  }
  return all;
}

/** The last of `items` that make one portion; one at least, where there is one. */
export function newestPortion<T>(items: readonly T[]): readonly T[] {
  let from = items.length;
  let held = 0;
  let weight = 0;
  for (; from > 0; from--) {
    held += valuesIn(items[from - 1]);
    weight += weightOf(items[from - 1]);
    if ((held > portion || weight > heaviest) && from < items.length) break;
  }
  return items.slice(from);
}
