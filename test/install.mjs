// Installs what a fresh clone lacks, so that the commands of the README work on it as they stand.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Runs a command to its end, its output shown. Returns its exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  return status ?? 1;
}

/** `npm ci`, where node_modules is not what the lock file says. `folder`: from the root of the project. */
export function installPackages(folder = '.') {
  const cwd = join(root, folder);
  const installed = join(cwd, 'node_modules', '.package-lock.json');
  if (
    existsSync(installed) &&
    statSync(installed).mtimeMs >= statSync(join(cwd, 'package-lock.json')).mtimeMs
  )
    return;
  console.log(folder === '.' ? 'Installing packages …' : `Installing packages in ${folder} …`);
  if (run('npm', ['ci', '--no-audit', '--no-fund'], { cwd }) !== 0) throw new Error('npm ci failed');
}
