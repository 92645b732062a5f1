// The load generator: compiled on first use, run in a process of its own.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CannotRun } from '../support/cannot-run.mjs';
import { cache } from '../support/places.mjs';

const source = fileURLToPath(new URL('load.c', import.meta.url));
const works = (command) => spawnSync(command, ['--version']).status === 0;

function compiler() {
  const found = () => ['cc', 'gcc', 'clang'].find(works);
  if (!found() && process.getuid?.() === 0 && works('apt-get')) {
    console.error('No C compiler here: installing gcc.');
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'gcc', 'libc6-dev'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  const command = found();
  if (!command)
    throw new CannotRun(
      'The load generator of this benchmark is a small C program: install a C compiler (on Debian: apt-get install gcc libc6-dev) and run it again.',
    );
  return command;
}

/** The path of the compiled program. */
export function compileLoad() {
  const path = `${cache()}/load-${createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12)}`;
  if (existsSync(path)) return path;
  const { status, stderr } = spawnSync(compiler(), ['-O2', '-std=gnu11', '-o', `${path}.new`, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new CannotRun(`The load generator could not be compiled:\n${stderr}`);
  renameSync(`${path}.new`, path);
  return path;
}

/** One run against a server: what it measured. */
export async function runLoad({ program, pin, dialect, port, pid, members, pace, warm, seconds }) {
  const [command, ...rest] = pin([program, dialect, port, members, pace, warm, seconds, pid].map(String));
  const { stdout } = await promisify(execFile)(command, rest, {
    timeout: (warm + seconds + 60) * 1_000,
    killSignal: 'SIGKILL',
  });
  return JSON.parse(stdout);
}
