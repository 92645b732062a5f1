// Real processes and a real network between them, with the checker of the simulation over what they report.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge } from '../../simulation/checker.js';
import type { History, Logged, LogLife, Page, Said } from '../../simulation/history.js';
import { bundle } from '../../support/bundle.mjs';
import { startFaultProxy, type FaultProxy } from '../../support/fault-proxy.js';
import type { Orders, ReportedPage } from './clients.js';

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

export interface Crowd {
  readonly process: ChildProcess;
  readonly report: string;
  /** Resolves once every message was sent, acknowledged or not. */
  readonly sent: Promise<void>;
  /** What was acknowledged by now, whether or not the process still lives. */
  acknowledged(): Promise<readonly Said[]>;
}

const message = async (child: ChildProcess, wanted: (it: unknown) => boolean): Promise<unknown> => {
  for (;;) {
    const [it] = (await once(child, 'message')) as [unknown];
    if (wanted(it)) return it;
  }
};

/** The programs of the processes. */
export const bundleProcesses = () => bundle(['test/e2e/processes/server.ts', 'test/e2e/processes/clients.ts']);

/** `slow`: how long a handler may take now and then, in ms. */
export async function startProcesses([serverFile = '', clientsFile = '']: readonly string[], slow: number): Promise<Processes> {
  const folder = await mkdtemp(join(tmpdir(), 'roomful-processes-'));
  const journals: string[] = [];
  const reports: string[] = [];
  const children = new Set<ChildProcess>();
  let crowds = 0;
  const start = (file: string, args: readonly string[]): ChildProcess => {
    const child = fork(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    children.add(child);
    child.on('exit', () => children.delete(child));
    return child;
  };
  const startServer = async (port: number): Promise<readonly [ChildProcess, number]> => {
    const journal = join(folder, `life-${journals.length}`);
    journals.push(journal);
    await writeFile(journal, '');
    const child = start(serverFile, [String(port), journal, String(slow)]);
    const { port: taken } = (await message(child, (it) => typeof it === 'object')) as { readonly port: number };
    return [child, taken];
  };
  let [server, port] = await startServer(0);
  const proxy = await startFaultProxy(port);

  const entries = async (): Promise<readonly (readonly [room: string, epoch: string, offset: number, id: string, said: Said])[][]> =>
    Promise.all(journals.map(async (journal) => (await readFile(journal, 'utf8')).split('\n').filter(Boolean).map((text) => JSON.parse(text) as readonly [string, string, number, string, Said])));

  async function history(): Promise<History> {
    const logs = new Map<string, LogLife[]>();
    for (const life of await entries()) {
      const rooms = new Map<string, { readonly epoch: string; readonly entries: Logged[] }>();
      for (const [room, epoch, offset, id, said] of life) {
        const log = rooms.get(room) ?? { epoch, entries: [] };
        rooms.set(room, log);
        log.entries.push({ offset, id, said });
      }
      for (const room of new Set([...logs.keys(), ...rooms.keys()])) logs.set(room, [...(logs.get(room) ?? []), rooms.get(room) ?? { epoch: '', entries: [] }]);
    }
    const reported = (await Promise.all(reports.map(async (report) => JSON.parse(await readFile(report, 'utf8')) as ReportedPage[]))).flat();
    const pages = reported.map(({ name, room, seen, status, roomStatus, unsettled }): Page => ({
      name, by: name, rooms: new Map([[room, seen]]), alive: true, left: [], reconnects: 0, unsettled, status: { connection: status, rooms: new Map([[room, roomStatus]]) },
    }));
    return { sent: reported.flatMap(({ sent }) => sent), pages, logs, handledAgain: [], leaks: { timers: 0, connections: 0, listeners: 0 }, errors: [] };
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
    async clients(orders) {
      const number = ++crowds;
      const receipts = join(folder, `receipts-${number}`);
      const report = join(folder, `report-${number}`);
      await writeFile(receipts, '');
      const full: Orders = { ...orders, url: `ws://127.0.0.1:${proxy.port}/realtime`, receipts, report };
      const child = start(clientsFile, [JSON.stringify(full)]);
      await message(child, (it) => it === 'ready');
      return {
        process: child,
        report,
        sent: message(child, (it) => it === 'sent').then(() => undefined),
        acknowledged: async () => (await readFile(receipts, 'utf8')).split('\n').filter(Boolean).map((text) => ({ by: text.split(' ')[0] ?? '', n: Number(text.split(' ')[1]) })),
      };
    },
    async finish(...some) {
      await Promise.all(some.map(({ process: child }) => {
        child.send('settle');
        return message(child, (it) => it === 'settled');
      }));
      const tops = Object.fromEntries((await entries()).at(-1)?.map(([room, , offset]) => [room, offset]) ?? []);
      await Promise.all(some.map(async ({ process: child, report }) => {
        const ended = once(child, 'exit');
        child.send(tops);
        const [code] = (await ended) as [number | null];
        if (code !== 0) throw new Error(`the clients ended with ${code}`);
        reports.push(report);
      }));
    },
    verdict: async () => judge(await history()),
    logged: async () => (await entries()).flat().length,
    found: async () => (await entries()).flat().map((entry) => entry[4]),
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await proxy.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
