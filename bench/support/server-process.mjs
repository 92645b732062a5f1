// Starts a server in a process of its own, and ends it whatever happens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('serve.mjs', import.meta.url));

/** A server that is a module: its `start(library)` listens and returns the port. `file`: its URL. */
export function spawnServer(file, library, pin) {
  const [command, ...rest] = pin([process.execPath, script, file, library]);
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, listens: once(child.stdout, 'data').then(([port]) => Number(port)) };
}

/** Calls `call` with the port and the process id of a server that is started by `spawned`. */
export async function withServer({ child, listens }, call) {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  try {
    const port = await Promise.race([listens, ended.then(() => null)]);
    if (port === null) throw new Error(`a server ended before it listened: ${child.spawnargs.join(' ')}`);
    return await call({ port, pid: child.pid });
  } finally {
    process.off('exit', kill);
    child.kill('SIGTERM');
    const late = setTimeout(kill, 2_000);
    await ended;
    clearTimeout(late);
  }
}
