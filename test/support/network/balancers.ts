// nginx and HAProxy on the configurations of deploy/, as they stand but for addresses.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findHaproxy, findNginx } from './balancer-paths.mjs';

export type Kind = 'nginx' | 'HAProxy';

export interface Balancer {
  readonly port: number;
  /** What it wrote of itself. */
  log(): string;
  close(): Promise<void>;
}

const deploy = join(import.meta.dirname, '../../../deploy');

/** Whether there is none: then its tests are skipped, loudly, and fail under CI. */
export const missing: Readonly<Record<Kind, boolean>> = {
  nginx: findNginx() === null,
  HAProxy: findHaproxy() === null,
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Replaces each word, which must be there. */
function replaced(text: string, words: Readonly<Record<string, string>>): string {
  return Object.entries(words).reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`the configuration has no '${from}' any more`);
    return before.replaceAll(from, to);
  }, text);
}

const canConnect = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => {
        resolve(false);
      });
  });

/** `change`: what a test does to the configuration. */
export async function startBalancer(
  kind: Kind,
  nodes: readonly [a: number, b: number],
  change: (text: string) => string = (text) => text,
): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'roomful-balancer-'));
  const port = await freePort();
  const file = join(folder, 'conf');
  const addresses = { 'node-a:8080': `127.0.0.1:${nodes[0]}`, 'node-b:8080': `127.0.0.1:${nodes[1]}` };
  let child: ChildProcess;
  if (kind === 'nginx') {
    const text = replaced(await readFile(join(deploy, 'nginx.conf'), 'utf8'), {
      ...addresses,
      'listen 80;': `listen 127.0.0.1:${port};`,
      '\nhttp {\n': `\nhttp {\n  access_log off;\n${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${folder}/${name};\n`).join('')}`,
    });
    await writeFile(file, change(text));
    child = spawn(
      findNginx() ?? '',
      ['-p', folder, '-c', file, '-e', 'stderr', '-g', `daemon off; pid ${folder}/pid; error_log stderr;`],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
  } else {
    await writeFile(
      file,
      change(
        replaced(await readFile(join(deploy, 'haproxy.cfg'), 'utf8'), {
          ...addresses,
          'bind :80': `bind 127.0.0.1:${port}`,
        }),
      ),
    );
    child = spawn(findHaproxy() ?? '', ['-f', file, '-db'], { stdio: ['ignore', 'pipe', 'pipe'] });
  }
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data: Buffer) => {
      said += data.toString();
    });
  const ended = once(child, 'exit');
  let isGone = false;
  void ended.then(() => {
    isGone = true;
  });
  while (!(await canConnect(port))) {
    if (isGone) throw new Error(`${kind} ended: ${said}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  return {
    port,
    log: () => said,
    async close() {
      // nginx leaves its workers behind where it is killed.
      child.kill(kind === 'nginx' ? 'SIGTERM' : 'SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
