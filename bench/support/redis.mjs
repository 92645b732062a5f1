// A redis-server of the benchmark's own: a free port, loopback, nothing on disk, gone when it is done.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findRedis } from '../../test/support/redis/redis-path.mjs';
import { CannotRun } from './cannot-run.mjs';
import { freePort } from './free-port.mjs';

/** Calls `call` with the port and the process id of a running Redis. */
export async function withRedis(call) {
  const binary = findRedis();
  if (!binary)
    throw new CannotRun(
      'This benchmark needs a Redis server: install one (on Debian: apt-get install redis-server), or name it in REDIS_SERVER.',
    );
  const port = await freePort();
  const child = spawn(
    binary,
    ['--port', String(port), '--bind', '127.0.0.1', '--daemonize', 'no', '--save', '', '--appendonly', 'no'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  try {
    let said = '';
    while (!said.includes('Ready to accept connections')) {
      const more = await Promise.race([once(child.stdout, 'data'), ended.then(() => null)]);
      if (!more) throw new Error(`redis-server ended before it listened: ${said.slice(-400)}`);
      said += more[0];
    }
    child.stdout.resume();
    return await call({ port, pid: child.pid });
  } finally {
    process.off('exit', kill);
    kill();
    await ended;
  }
}
