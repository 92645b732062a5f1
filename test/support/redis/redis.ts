// A redis-server of our own for a test file: a free port, loopback, gone when stopped.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { findRedis } from './redis-path.mjs';

/** Whether there is none: then its tests are skipped, loudly, and fail under CI. */
export const noRedis: boolean = findRedis() === null;

export interface TestRedis {
  readonly port: number;
  readonly pid: number;
  /** Where others of its cluster reach it, if it is of one. */
  readonly busPort: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export async function startRedis({
  port,
  args = ['--save', '', '--appendonly', 'no'],
  bus = false,
}: {
  readonly port?: number;
  readonly args?: readonly string[];
  readonly bus?: boolean;
} = {}): Promise<TestRedis> {
  const at = port ?? (await freePort());
  const busPort = bus ? await freePort() : 0;
  const binary = findRedis();
  if (binary === null)
    throw new Error('no redis-server: apt-get install -y redis-server, or set REDIS_SERVER');
  const child = spawn(
    binary,
    [
      '--port',
      String(at),
      '--bind',
      '127.0.0.1',
      '--daemonize',
      'no',
      ...(bus ? ['--cluster-port', String(busPort)] : []),
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString();
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`redis-server ended with ${code}: ${said.slice(-400)}`));
    });
  });
  return {
    port: at,
    pid: child.pid ?? 0,
    busPort,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}
