// Packages of the system that tests need and a bare machine lacks: installed where that can be done.
import { spawnSync } from 'node:child_process';

/** Installs Debian packages. Whether they are there now; where not, says what will be missing. */
export function installSystemPackages(packages, purpose) {
  console.log(`Installing ${packages.join(', ')} for ${purpose} …`);
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  const { status } = spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], {
    stdio: 'inherit',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0)
    console.error(`They could not be installed: what needs ${purpose} will not run. Install them yourself.`);
  return status === 0;
}
