// Judges each import by the row of the folder that it is in.
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { everyFile, nodeModules } from './layers.mjs';

const folderOf = (file) => posix.dirname(file);
const isIndex = (file) => /^index\.tsx?$/.test(posix.basename(file));

/** `a, b and c`, or `nothing`. */
function listed(names) {
  if (names.length === 0) return 'nothing';
  if (names.length === 1) return names[0];
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

const covers = (entries, file) => entries.some((entry) => entry === file || entry === folderOf(file));

/** A file that is only needed once there is a connection, and that is loaded then. */
const isLive = (file) => file.endsWith('.live.ts');

function judgeFile(layer, edge, permit) {
  const { folder, imports, typeImports = [], startsLive = [] } = layer;
  if (isLive(edge.to) && !isLive(edge.from) && !startsLive.includes(posix.basename(edge.from)))
    return `imports ${edge.to}: it is loaded with the connection, and this file before the first paint.`;
  if (isIndex(edge.to) && !isIndex(edge.from))
    return `imports ${edge.to}: import the file that has it, not an index from inside the package.`;
  if (folderOf(edge.to) === folder) return null;
  for (const entry of imports) if (covers([entry], edge.to)) return permit(layer, entry);
  for (const entry of typeImports) {
    if (!covers([entry], edge.to)) continue;
    permit(layer, entry);
    if (edge.typeOnly) return null;
    return `imports ${edge.to} as a value: of ${entry}, ${folder} may import types only.`;
  }
  const types = typeImports.length > 0 ? `, and types of ${listed(typeImports)}` : '';
  return `imports ${edge.to}: ${folder} may import ${listed(imports)}${types}.`;
}

function judgePackage(layer, edge, permit) {
  const { folder, packages = {} } = layer;
  const name = isBuiltin(edge.package) && !(edge.package in packages) ? nodeModules : edge.package;
  const places = packages[name];
  if (places) permit(layer, name);
  if (places === everyFile || places?.includes(posix.basename(edge.from))) return null;
  if (places) return `imports ${edge.package}: ${folder} may import it in ${listed(places)} only.`;
  const names = Object.keys(packages);
  return `imports ${edge.package}: of packages, ${folder} may import ${names.length > 0 ? listed(names) : 'none'}.`;
}

function judge(layer, edge, permit) {
  if (edge.to) return judgeFile(layer, edge, permit);
  if (edge.package) return judgePackage(layer, edge, permit);
  if (edge.missing) return `imports ${edge.missing}: it is no source file under src/.`;
  if (layer.computedImports?.includes(posix.basename(edge.from))) return null;
  return `imports a module by a computed name: ${layer.folder} may not, since no check can follow it.`;
}

/** Problems of the table itself: a folder without a row, a file that is not there, a permission without a use. */
function judgeTable(layers, files, used) {
  const problems = [];
  const table = 'tools/architecture/layers.mjs';
  const folders = new Set([...files.keys()].map(folderOf));
  for (const folder of folders)
    if (!layers.some((layer) => layer.folder === folder))
      problems.push({ file: folder, text: `has no row in ${table}.` });
  for (const layer of layers) {
    const report = (text) => problems.push({ file: table, text: `row ${layer.folder}: ${text}` });
    if (!folders.has(layer.folder)) report('the folder holds no source file.');
    for (const entry of [
      ...layer.imports,
      ...(layer.typeImports ?? []),
      ...Object.keys(layer.packages ?? {}),
    ])
      if (!used.has(`${layer.folder} ${entry}`))
        report(`it may import ${entry}, and no file does: take the entry out.`);
    const lists = [...Object.values(layer.packages ?? {}), ...Object.values(layer.globals ?? {})];
    for (const name of [...lists, layer.computedImports ?? [], layer.startsLive ?? []].flat())
      if (name !== everyFile && !files.has(`${layer.folder}/${name}`)) report(`there is no file ${name}.`);
  }
  return problems;
}

/** The imports of `graph` that the table does not allow, and the entries of the table that fit no file. */
export function checkImports(layers, files, graph) {
  const used = new Set();
  const permit = (layer, entry) => {
    used.add(`${layer.folder} ${entry}`);
    return null;
  };
  const problems = [];
  for (const edge of graph) {
    const layer = layers.find(({ folder }) => folder === folderOf(edge.from));
    const text = layer && judge(layer, edge, permit);
    if (text) problems.push({ file: edge.from, line: edge.line, text });
  }
  return [...problems, ...judgeTable(layers, files, used)];
}
