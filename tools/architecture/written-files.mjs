// The two files that are written from the table: the lint rules for globals, and the table in ARCHITECTURE.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTable } from './document.mjs';
import { layers } from './layers.mjs';
import { globalsConfig } from './lint-globals.mjs';
import { root } from './source-tree.mjs';

/** An override a line, so that a change of the table is seen as one. */
const toJson = ({ overrides }) =>
  `{"overrides": [\n${overrides.map((override) => JSON.stringify(override)).join(',\n')}\n]}\n`;

const targets = {
  'ARCHITECTURE.md': (text) => withTable(text, layers),
  'tools/architecture/globals.oxlintrc.json': () => toJson(globalsConfig(layers)),
};

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

/** The files that are not what the table gives, as problems. */
export function checkWritten() {
  return Object.entries(targets).flatMap(([file, write]) => {
    const text = read(join(root, file));
    if (text === write(text)) return [];
    return [{ file, text: 'is not what the table gives: run `npm run check:architecture -- --write`.' }];
  });
}

export function writeAll() {
  for (const [file, write] of Object.entries(targets))
    writeFileSync(join(root, file), write(read(join(root, file))));
}
