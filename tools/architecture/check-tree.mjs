// All that the table says of a tree of sources, but for globals, which lint holds.
import { checkCycles } from './cycles.mjs';
import { importGraph } from './import-graph.mjs';
import { checkImports } from './import-rules.mjs';
import { layers } from './layers.mjs';
import { checkLines } from './long-lines.mjs';

/** The problems of a tree, in the order of files and lines. `files`: texts by their path from the root. */
export function checkTree(files, rows = layers) {
  const graph = importGraph(files);
  return [...checkImports(rows, files, graph), ...checkCycles(files, graph), ...checkLines(files)];
}

/** One line for people and editors. */
export const toLine = ({ file, line, text }) => `${line === undefined ? file : `${file}:${line}`} ${text}`;
