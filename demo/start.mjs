// What does `npm start` need on a fresh clone? The exact dependencies of the lock file, then the demo.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const packagesIn = (path) => JSON.parse(readFileSync(`${root}/${path}`, 'utf8')).packages;

function isInstalled() {
  try {
    const wanted = packagesIn('package-lock.json');
    const found = packagesIn('node_modules/.package-lock.json');
    // Optional packages are those of other systems: npm leaves them out.
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => path === '' || optional || found[path]?.version === version,
    );
  } catch {
    return false;
  }
}

if (!isInstalled()) {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}
await import('./serve.mjs');
