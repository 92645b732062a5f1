// Real processes and a real network between them, with the checker of the simulation over what they report.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge } from '../../simulation/checker.js';
import type { Logged, LogLife, Said } from '../../simulation/history.js';
import { bundle } from '../../support/bundle.mjs';
import { startFaultProxy, type FaultProxy } from '../../support/network/fault-proxy.js';
import type { Orders } from './clients.js';
import { createCrowds, message, type Crowd } from './crowds.js';

export interface Processes {
  readonly proxy: FaultProxy;
  readonly server: () => ChildProcess;
  /** Kills the server without a word, and starts another, which knows nothing. */
  killServer(): Promise<void>;
  /** Starts clients, and resolves once they are in their rooms. */
  clients(orders: Omit<Orders, 'url' | 'receipts' | 'report'>): Promise<Crowd>;
  /** Waits until everything of these clients is settled and seen, and their processes have ended by themselves. */
  finish(...crowds: readonly Crowd[]): Promise<void>;
  /** What is wrong, by everything that clients reported and every log that ever was. */
  verdict(): Promise<readonly string[]>;
  /** Entries of every log that ever was. */
  logged(): Promise<number>;
  found(): Promise<readonly Said[]>;
  close(): Promise<void>;
}

/** The programs of the processes. */
export const bundleProcesses = () =>
  bundle(['test/e2e/processes/server.ts', 'test/e2e/processes/clients.ts']);

/** `slow`: how long a handler may take now and then, in ms. */
export async function startProcesses(
  [serverFile = '', clientsFile = '']: readonly string[],
  slow: number,
): Promise<Processes> {
  const folder = await mkdtemp(join(tmpdir(), 'roomful-processes-'));
  const journals: string[] = [];
  const crowds = createCrowds(folder, clientsFile, () => `ws://127.0.0.1:${proxy.port}/realtime`);
  const startServer = async (port: number): Promise<readonly [ChildProcess, number]> => {
    const journal = join(folder, `life-${journals.length}`);
    journals.push(journal);
    await writeFile(journal, '');
    const child = crowds.start(serverFile, [String(port), journal, String(slow)]);
    const { port: taken } = (await message(child, (it) => typeof it === 'object')) as {
      readonly port: number;
    };
    return [child, taken];
  };
  let [server, port] = await startServer(0);
  const proxy = await startFaultProxy(port);

  const entries = async (): Promise<
    readonly (readonly [room: string, epoch: string, offset: number, id: string, said: Said])[][]
  > =>
    Promise.all(
      journals.map(async (journal) =>
        (await readFile(journal, 'utf8'))
          .split('\n')
          .filter(Boolean)
          .map((text) => JSON.parse(text) as readonly [string, string, number, string, Said]),
      ),
    );

  async function logs(): Promise<ReadonlyMap<string, readonly LogLife[]>> {
    const lives = new Map<string, LogLife[]>();
    for (const life of await entries()) {
      const rooms = new Map<string, { readonly epoch: string; readonly entries: Logged[] }>();
      for (const [room, epoch, offset, id, said] of life) {
        const log = rooms.get(room) ?? { epoch, entries: [] };
        rooms.set(room, log);
        log.entries.push({ offset, id, said });
      }
      for (const room of new Set([...lives.keys(), ...rooms.keys()]))
        lives.set(room, [...(lives.get(room) ?? []), rooms.get(room) ?? { epoch: '', entries: [] }]);
    }
    return lives;
  }

  return {
    proxy,
    server: () => server,
    async killServer() {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
      [server, port] = await startServer(port);
    },
    clients: crowds.clients,
    finish: (...some) =>
      crowds.finish(some, async () =>
        Object.fromEntries((await entries()).at(-1)?.map(([room, , offset]) => [room, offset]) ?? []),
      ),
    verdict: async () => judge(await crowds.history(await logs())),
    logged: async () => (await entries()).flat().length,
    found: async () => (await entries()).flat().map((entry) => entry[4]),
    async close() {
      crowds.kill();
      await proxy.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
