// The table of ARCHITECTURE.md, printed from the rows.
import { everyFile, nodeModules } from './layers.mjs';

const begin =
  '<!-- layers: written by `npm run check:architecture -- --write` from tools/architecture/layers.mjs -->';
const end = '<!-- end of layers -->';

const code = (name) => `\`${name}\``;

/** A folder or a file without `src/`, which each path of the table has. A folder ends in `/`, a package does not. */
const short = (path) => code(path.replace(/^src\//, '').replace(/(^|\/)([^./]+)$/, '$1$2/'));

const inFiles = (name, places) => (places === everyFile ? name : `${name} in ${places.map(code).join(', ')}`);

function importsCell({ imports, typeImports = [], packages = {} }) {
  const parts = [imports.map(short).join(', ')];
  if (typeImports.length > 0) parts.push(`types of ${typeImports.map(short).join(', ')}`);
  for (const [name, places] of Object.entries(packages))
    parts.push(inFiles(name === nodeModules ? 'modules of Node' : `package ${code(name)}`, places));
  return parts.filter(Boolean).join('; ') || 'nothing';
}

function globalsCell({ globals = {} }) {
  const byPlaces = new Map();
  for (const [name, places] of Object.entries(globals)) {
    const key = places === everyFile ? 'each file' : places.map(code).join(', ');
    byPlaces.set(key, [...(byPlaces.get(key) ?? []), code(name)]);
  }
  return [...byPlaces].map(([places, names]) => `${places}: ${names.join(', ')}`).join('; ');
}

function table(layers) {
  const rows = layers.map((layer) =>
    [code(`${layer.folder}/`), layer.purpose, importsCell(layer), globalsCell(layer)].join(' | '),
  );
  const head = [
    'folder | what lives there | may import | guarded globals, and where',
    '--- | --- | --- | ---',
  ];
  return [...head, ...rows].map((row) => `| ${row} |`).join('\n');
}

/** `text` with the table of today between its two markers. */
export function withTable(text, layers) {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`ARCHITECTURE.md lacks the line ${begin} or, behind it, ${end}`);
  return `${text.slice(0, from)}${begin}\n\n${table(layers)}\n\n${text.slice(to)}`;
}
