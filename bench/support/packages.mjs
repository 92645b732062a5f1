// What the comparison needs and the library must not carry: installed here, from the lock file, when it is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { CannotRun } from './cannot-run.mjs';
import { bench } from './places.mjs';

const packagesIn = (file) => JSON.parse(readFileSync(`${bench}${file}`, 'utf8')).packages;

function installed() {
  try {
    const found = packagesIn('node_modules/.package-lock.json');
    return Object.entries(packagesIn('package-lock.json')).every(
      ([path, { version }]) =>
        path === '' || (found[path]?.version === version && existsSync(`${bench}${path}`)),
    );
  } catch {
    return false;
  }
}

export function installPackages() {
  if (installed()) return;
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: bench,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0)
    throw new CannotRun('The packages to compare with could not be installed: run `npm ci` in bench/.');
}
