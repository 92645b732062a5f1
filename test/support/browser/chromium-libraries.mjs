// The Chromium that comes as a package needs a few shared libraries of the system; a bare machine lacks them.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { installSystemPackages } from '../system-packages.mjs';

const needed = ['libnss3.so', 'libnspr4.so', 'libexpat.so.1'];
const packages = ['libnss3', 'libnspr4', 'libexpat1'];

export function missingLibraries() {
  if (process.platform !== 'linux' || process.env.CHROMIUM_PATH || existsSync('/usr/bin/chromium'))
    return false;
  const { stdout } = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' });
  return stdout !== null && needed.some((library) => !stdout.includes(library));
}

export function installLibraries() {
  installSystemPackages(packages, 'Chromium');
}
