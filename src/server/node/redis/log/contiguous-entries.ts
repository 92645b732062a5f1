// The entries of a log that others may have written into.
import type { EntryTuple } from '../../../../protocol/frames.js';
import { readEntry } from '../store/wire.js';

/**
 * Returns the longest run of entries without a gap that ends at offset `end`, and the number of texts that are no
 * entries.
 *
 * Entries before the gap count as trimmed: with them, a reader would take the log for complete. An empty answer would
 * leave the reader before the gap for good.
 */
export function contiguousUpTo(
  end: number,
  texts: readonly string[],
): { readonly entries: readonly EntryTuple[]; readonly foreign: number } {
  const entries = texts.map(readEntry).filter((entry) => entry !== null);
  let from = entries.length;
  for (let next: EntryTuple | undefined; from > 0; from--) {
    const entry = entries[from - 1] as EntryTuple;
    if (next ? entry[0] !== next[0] - 1 || entry[1] !== next[2] : entry[0] !== end) break;
    next = entry;
  }
  return { entries: entries.slice(from), foreign: texts.length - entries.length };
}
