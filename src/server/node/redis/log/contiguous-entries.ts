// The entries of a log that others may have written into.
import type { EntryTuple } from '../../../../protocol/frames.js';
import { readEntry } from '../store/wire.js';

/**
 * Returns the entries up to offset `end` that have no gap among them, and how many texts were no entries.
 *
 * Entries before a gap count as trimmed. A reader that got the entries on both sides would take them for
 * complete, and a reader that got none would never get past the gap.
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
