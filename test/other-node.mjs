// `npm run test:node`: runs the unit part of the tests under other versions of Node.js than the one that runs npm.
// `npm run test:node -- 24` runs it under one of them. Each version is pinned by tools/node-VERSION, which depends on
// the packages that the npm package `node` would fetch by an install script: npm installs them without one, and the lock
// file has their hashes. A failure of one version does not keep the others from running.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installPackages } from './install.mjs';
import { runVitest } from './vitest.mjs';

/** The versions that `npm test` runs. */
export const otherVersions = ['24', '26'];
/** The versions that have a folder in tools/: the soak runs the others. */
const pinnedVersions = ['22', ...otherVersions];

/** Installs a version, and returns the path of its binary. */
function nodeBinary(version) {
  const folder = `tools/node-${version}`;
  installPackages(folder);
  const path = join(import.meta.dirname, '..', folder, 'node_modules', '.bin', 'node');
  if (existsSync(path)) return path;
  const platform = `${process.platform}-${process.arch}`;
  throw new Error(`${folder}/package.json names no package with Node.js ${version} for ${platform}.`);
}

/**
 * Runs the unit part under one version. A filter limits it to files.
 *
 * @param {string} version
 * @param {readonly string[]} filter
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function testUnder(version, filter = []) {
  const node = nodeBinary(version);
  console.log(`\nThe unit tests under Node.js ${version}:`);
  return runVitest(['--project', 'unit', ...filter], { node });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [version, ...filter] = process.argv.slice(2);
  const versions = version === undefined ? pinnedVersions : [version];
  for (const asked of versions)
    if (!pinnedVersions.includes(asked))
      throw new Error(`There is no tools/node-${asked}: the versions are ${pinnedVersions.join(', ')}.`);
  const results = versions.map((each) => ({ version: each, ...testUnder(each, filter) }));
  for (const { version: each, passed, failed, skipped } of results)
    console.log(`Node.js ${each}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (results.some(({ failed }) => failed > 0)) process.exitCode = 1;
}
