// Starts a server in a process of its own, and ends it whatever happens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('serve.mjs', import.meta.url));

/** Calls `call` with the port and the process id of a running server. */
export async function withServer({ name, library, pin }, call) {
  const [command, ...rest] = pin([process.execPath, script, name, library]);
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    const said = await Promise.race([once(child.stdout, 'data'), ended.then(() => null)]);
    if (!said) throw new Error(`the server '${name}' ended before it listened`);
    return await call({ port: Number(said[0]), pid: child.pid });
  } finally {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await ended;
    clearTimeout(late);
  }
}
