// Everything that is random in a run, from its seed: each visit has dice of its own, so that one can be repeated without the others.
import { seededRandom } from '../../src/testing/random.js';

export interface Dice {
  /** From 0, below `end`. */
  below(end: number): number;
  chance(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(count: number): Buffer;
}

/** FNV-1a: the same number for the same text. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

export function diceOf(seed: number, ...labels: readonly (string | number)[]): Dice {
  const random = seededRandom((seed ^ hash(labels.join('/'))) >>> 0);
  const below = (end: number): number => Math.floor(random() * end);
  return {
    below,
    chance: (share) => random() < share,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from');
      return items[below(items.length)] as (typeof items)[number];
    },
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
  };
}
