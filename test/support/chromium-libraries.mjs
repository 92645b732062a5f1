// The Chromium that comes as a package needs a few shared libraries of the system; a bare machine lacks them.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const needed = ['libnss3.so', 'libnspr4.so', 'libexpat.so.1'];
const packages = ['libnss3', 'libnspr4', 'libexpat1'];

export function missingLibraries() {
  if (process.platform !== 'linux' || process.env.CHROMIUM_PATH || existsSync('/usr/bin/chromium')) return false;
  const { stdout } = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' });
  return stdout !== null && needed.some((library) => !stdout.includes(library));
}

export function installLibraries() {
  console.log(`Installing ${packages.join(', ')} for Chromium …`);
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  const { status } = spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  if (status !== 0) console.error('They could not be installed: the browser tests will fail. Install them, or set CHROMIUM_PATH.');
}
