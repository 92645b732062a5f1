// One source file as the checks need it: its syntax tree, its comments, and the line of a position.
import { parseSync } from 'oxc-parser';

/** The last parse of each file: the checks, and their tests many times, ask for the same text. */
const parsed = new Map();

export function parseSource(file, text) {
  const last = parsed.get(file);
  if (last?.text === text) return last.source;
  const source = parse(file, text);
  parsed.set(file, { text, source });
  return source;
}

function parse(file, text) {
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
