// Files that import each other, directly or through others. Imports of types count.
import { components } from './components.mjs';

/** The shortest way from `start` back to itself, as edges. */
function shortestCycle(start, edgesOf) {
  const ways = [[start, []]];
  const seen = new Set();
  for (const [node, way] of ways)
    for (const edge of edgesOf(node)) {
      if (edge.to === start) return [...way, edge];
      if (seen.has(edge.to)) continue;
      seen.add(edge.to);
      ways.push([edge.to, [...way, edge]]);
    }
  throw new Error(`${start} is in no cycle.`);
}

/** One problem for each group of files that reach one another: its shortest cycle through the first of them by name. */
export function checkCycles(files, graph) {
  const edgesOf = new Map();
  for (const edge of graph) edgesOf.set(edge.from, [...(edgesOf.get(edge.from) ?? []), edge]);
  const inside = (file) => (edgesOf.get(file) ?? []).filter(({ to }) => to);
  const groups = components(files.keys(), (file) => inside(file).map(({ to }) => to));
  return groups.flatMap((group) => {
    const [first] = group.sort();
    if (group.length === 1 && !inside(first).some(({ to }) => to === first)) return [];
    const cycle = shortestCycle(first, (file) => inside(file).filter(({ to }) => group.includes(to)));
    const way = [first, ...cycle.map(({ to }) => to)].join(' → ');
    const text = `imports ${cycle[0].to}, which closes a cycle: ${way}. Move what both need into a file of its own.`;
    return [{ file: first, line: cycle[0].line, text }];
  });
}
