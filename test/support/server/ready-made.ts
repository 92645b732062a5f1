// `npx roomful serve` in processes of their own, as somebody starts it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { bundle } from '../bundle.mjs';

export interface Line extends Readonly<Record<string, unknown>> {
  readonly msg: string;
}

export interface ReadyMade {
  readonly process: ChildProcess;
  readonly lines: readonly Line[];
  /** Resolves with the first line that says this, past or to come. */
  says(message: string): Promise<Line>;
  /** Where it listens. */
  readonly url: string;
  readonly port: number;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

export interface ReadyMades {
  /** A module for `--rooms`. */
  readonly rooms: string;
  /** Starts one, and resolves once it listens. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ReadyMade>;
  /** Starts one, whatever becomes of it. */
  open(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Runs one that is expected to end by itself. */
  run(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  close(): Promise<void>;
}

export async function readyMades(): Promise<ReadyMades> {
  const {
    files: [file = '', rooms = ''],
    remove,
  } = await bundle(['src/server/node/cli/main.ts', 'test/support/server/ready-made-rooms.ts']);
  const children = new Set<ChildProcess>();

  function open(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn(process.execPath, [file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    children.add(child);
    child.once('exit', () => {
      children.delete(child);
    });
    return child;
  }

  return {
    rooms,
    open,
    async start(args, env = {}) {
      const child = open(['serve', '--port', '0', '--host', '127.0.0.1', ...args], env);
      const lines: Line[] = [];
      const waiting = new Set<() => void>();
      let errors = '';
      child.stderr?.on('data', (data: Buffer) => {
        errors += data.toString();
      });
      if (child.stdout) {
        createInterface(child.stdout).on('line', (text) => {
          lines.push(JSON.parse(text) as Line);
          for (const look of waiting) look();
        });
      }
      const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
      const says = (message: string): Promise<Line> =>
        new Promise((resolve, reject) => {
          const look = (): void => {
            const line = lines.find(({ msg }) => msg === message);
            if (!line) return;
            waiting.delete(look);
            resolve(line);
          };
          waiting.add(look);
          look();
          void ended.then((code) => {
            reject(new Error(`it ended with ${code} before it said '${message}': ${errors}`));
          });
        });
      const { url } = (await says('listening')) as Line & { readonly url: string };
      return { process: child, lines, says, url, port: Number(new URL(url).port), ended };
    },
    async run(args, env = {}) {
      const child = open(args, env);
      let [stdout, stderr] = ['', ''];
      child.stdout?.on('data', (data: Buffer) => {
        stdout += data.toString();
      });
      child.stderr?.on('data', (data: Buffer) => {
        stderr += data.toString();
      });
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, stdout, stderr };
    },
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await remove();
    },
  };
}
