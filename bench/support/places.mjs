// Where things are.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const bench = fileURLToPath(new URL('..', import.meta.url));

/** What is made here and may be thrown away. */
export function cache() {
  const path = `${root}node_modules/.cache/roomful-bench`;
  mkdirSync(path, { recursive: true });
  return path;
}

/** Finds packages as the library does: those of this folder stand in the way of `import`. */
export const requireFromRoot = createRequire(`${root}package.json`);
export const requireFromBench = createRequire(`${bench}package.json`);

/** Read from its folder: not every package lets its package.json be imported. */
export function versionOf(require, name) {
  const path = require.resolve
    .paths(name)
    .map((folder) => `${folder}/${name}/package.json`)
    .find(existsSync);
  return JSON.parse(readFileSync(path, 'utf8')).version;
}
