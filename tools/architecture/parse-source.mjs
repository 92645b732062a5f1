// One source file as the checks need it: its syntax tree, its comments, and the line of a position.
import { parseSync } from 'oxc-parser';

export function parseSource(file, text) {
  const { program, comments, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0].message}`);
  const lines = text.split('\n');
  const starts = [];
  let start = 0;
  for (const line of lines) {
    starts.push(start);
    start += line.length + 1;
  }
  /** The line of a position, counted from 0. */
  const lineAt = (position) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= position) low = middle;
      else high = middle;
    }
    return low;
  };
  return { program, comments, lines, starts, lineAt };
}
