// The files of src/, as a map from path to text. A test adds files to such a map without writing them to disk.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** The sources under `folder`, by their path from the root of the project. */
export function readSources(folder = 'src') {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort();
  const files = new Map();
  for (const name of names) {
    if (!/\.[cm]?tsx?$/.test(name)) continue;
    const path = posix.join(folder, name.replaceAll('\\', '/'));
    files.set(path, readFileSync(join(root, path), 'utf8'));
  }
  return files;
}
