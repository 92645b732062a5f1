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

/** Whether node_modules is what the lock file says. `folder`: from the root of the project. */
export function isInstalled(folder = '.') {
  const installed = join(root, folder, 'node_modules', '.package-lock.json');
  const wanted = join(root, folder, 'package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs;
}

/** Runs `npm ci` where node_modules is not what the lock file says. Throws where it fails. */
export function installPackages(folder = '.') {
  if (isInstalled(folder)) return;
  console.log(folder === '.' ? 'Installing packages …' : `Installing packages in ${folder} …`);
  const status = run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: join(root, folder) });
  if (status !== 0) throw new Error(`npm ci failed in ${folder}`);
}
