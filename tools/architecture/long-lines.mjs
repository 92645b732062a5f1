// Lines of code that are too wide to be read at a glance. Comments do not count, nor does what a line holds in strings,
// templates, regular expressions and the text of JSX: those cannot be broken without changing what they say.
import { Visitor } from 'oxc-parser';
import { parseSource } from './parse-source.mjs';

export const mostColumns = 120;

/** The spans of a file that do not count. */
function exceptedSpans({ program, comments }) {
  const spans = comments.map(({ start, end }) => [start, end]);
  const add = ({ start, end }) => spans.push([start, end]);
  new Visitor({
    Literal(node) {
      if (typeof node.value === 'string' || node.regex) add(node);
    },
    TemplateElement: add,
    JSXText: add,
  }).visit(program);
  return spans;
}

export function checkLines(files) {
  const problems = [];
  for (const [file, text] of files) {
    if (!text.split('\n').some((line) => line.length > mostColumns)) continue;
    const source = parseSource(file, text);
    const widths = source.lines.map((line) => line.length);
    for (const [start, end] of exceptedSpans(source))
      for (let at = source.lineAt(start); at <= source.lineAt(end); at++) {
        const from = Math.max(start, source.starts[at]);
        const to = Math.min(end, source.starts[at] + source.lines[at].length);
        widths[at] -= Math.max(0, to - from);
      }
    widths.forEach((width, at) => {
      if (width > mostColumns)
        problems.push({
          file,
          line: at + 1,
          text: `is ${width} columns wide without its strings and comments: ${mostColumns} is the most.`,
        });
    });
  }
  return problems;
}
