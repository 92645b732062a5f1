// What the imports of src/ look like from above: arrows between folders, floors, arrows that run up, cycles.
import { posix } from 'node:path';
import { checkCycles } from './cycles.mjs';
import { floors } from './components.mjs';
import { importGraph } from './import-graph.mjs';

/** The arrows between folders, each with the number of its imports and of those that are not types only. */
function folderArrows(edges) {
  const arrows = new Map();
  for (const { from, to, typeOnly } of edges) {
    const [source, target] = [posix.dirname(from), posix.dirname(to)];
    if (source === target) continue;
    const key = `${source} → ${target}`;
    const arrow = arrows.get(key) ?? { source, target, imports: 0, values: 0 };
    arrow.imports++;
    if (!typeOnly) arrow.values++;
    arrows.set(key, arrow);
  }
  return [...arrows.values()];
}

const describe = ({ source, target, imports, values }) =>
  `${source} → ${target}  ${imports} ${imports === 1 ? 'import' : 'imports'}${values === 0 ? ', types only' : ''}`;

const byName = (a, b) => (a < b ? -1 : 1);

/** The nodes by floor, the highest first. */
function byFloor(floorOf) {
  const most = Math.max(...floorOf.values());
  return Array.from({ length: most + 1 }, (_, at) => most - at).map((floor) => {
    const nodes = [...floorOf].filter(([, value]) => value === floor).map(([node]) => node);
    return `${String(floor).padStart(3)}  ${nodes.sort(byName).join(' ')}`;
  });
}

/** The picture as lines of text. `folder` limits it to what lies in and under that folder. */
export function picture(files, layers, folder = 'src') {
  const isInside = (file) => file.startsWith(`${folder}/`);
  const graph = importGraph(files);
  const edges = graph.filter(({ from, to }) => to && isInside(from) && isInside(to));
  const inside = [...files.keys()].filter(isInside);

  const arrows = folderArrows(edges);
  const folders = [...new Set(inside.map((file) => posix.dirname(file)))];
  const targetsOf = (source) => arrows.filter((arrow) => arrow.source === source).map(({ target }) => target);
  const folderFloors = floors(folders, targetsOf);

  const place = (name) => layers.findIndex((layer) => layer.folder === name);
  const upward = arrows.filter(({ source, target }) => place(source) < place(target));

  const filesOf = (source) => edges.filter(({ from }) => from === source).map(({ to }) => to);
  const pairs = new Set(edges.map(({ from, to }) => `${from} ${to}`));
  const fileFloors = floors(inside, filesOf);
  const cycles = checkCycles(files, graph).filter(({ file }) => isInside(file));

  const section = (title, lines) => [title, ...(lines.length > 0 ? lines : ['none']), ''];
  return [
    ...section(`Arrows between folders (${arrows.length})`, arrows.map(describe)),
    ...section('Floors of folders, the highest first', byFloor(folderFloors)),
    ...section(`Upward arrows, by the order of the table (${upward.length})`, upward.map(describe)),
    ...section(
      `Files: ${inside.length} in ${Math.max(...fileFloors.values()) + 1} floors, ${pairs.size} arrows`,
      byFloor(new Map([...fileFloors].map(([file, floor]) => [file.slice(folder.length + 1), floor]))),
    ),
    ...section(
      `Cycles of files (${cycles.length})`,
      cycles.map(({ file, text }) => `${file} ${text}`),
    ),
  ].join('\n');
}
