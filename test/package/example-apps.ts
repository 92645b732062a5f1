// Copies of the examples, each an app of its own that installs the packed package.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { root, run } from './pack.js';

export interface ExampleApps {
  /** Copies an example, installs it with the packed package for the published one, and returns its folder. */
  install(name: string): Promise<string>;
  /** Starts a program of an example, and collects what it prints. */
  start(cwd: string, args: readonly string[], env?: NodeJS.ProcessEnv): RunningProgram;
  /** Kills every program, and removes every folder. */
  close(): Promise<void>;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly said: () => string;
}

export async function createExampleApps(): Promise<ExampleApps> {
  const temporary = await realpath(await mkdtemp(join(tmpdir(), 'roomful-examples-')));
  const children: ChildProcess[] = [];
  return {
    async install(name) {
      const folder = join(temporary, name);
      const own = new Set(['node_modules', '.next', 'dist']);
      await cp(join(root, 'examples', name), folder, {
        recursive: true,
        filter: (path) => !own.has(path.split('/').at(-1) ?? ''),
      });
      const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
      };
      const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
        readonly version: string;
      };
      expect(manifest.dependencies['roomful']).toBe(`^${version}`);
      manifest.dependencies['roomful'] = `file:${inject('packed').tarball}`;
      await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
      const args = ['--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund', '--include=dev'];
      await run(folder, 'npm', ['install', ...args]);
      return folder;
    },
    start(cwd, args, env = {}) {
      const child = spawn(process.execPath, args, {
        cwd,
        env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.push(child);
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (piece: Buffer) => {
          text += piece.toString();
        });
      return { child, said: () => text };
    },
    async close() {
      await Promise.all(
        children
          .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
          .map(async (child) => {
            child.kill('SIGKILL');
            await once(child, 'exit');
          }),
      );
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
