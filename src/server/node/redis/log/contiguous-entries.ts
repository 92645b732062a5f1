// What may be taken from a log that others may have written into.
import type { EntryTuple } from '../../../../protocol/frames.js';
import { readEntry } from '../store/wire.js';

/**
 * The entries that lead up to offset `end` without a hole, and how many texts were none of ours. What stands before a hole is as good as trimmed: a reader that got the entries on both
 * sides would take for whole what is not, and one that got none would never get past it.
 */
export function contiguousUpTo(
  end: number,
  texts: readonly string[],
): { readonly entries: readonly EntryTuple[]; readonly foreign: number } {
  const read = texts.map(readEntry).filter((it) => it !== null);
  let from = read.length;
  for (let next: EntryTuple | undefined; from > 0; from--) {
    const it = read[from - 1] as EntryTuple;
    if (next ? it[0] !== next[0] - 1 || it[1] !== next[2] : it[0] !== end) break;
    next = it;
  }
  return { entries: read.slice(from), foreign: texts.length - read.length };
}
