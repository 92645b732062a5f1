// Clients in processes of their own: started, told to settle, and what they report as pages of a history.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { History, LogLife, Page, Said } from '../../simulation/history.js';
import type { Orders, ReportedPage } from './clients.js';

export interface Crowd {
  readonly process: ChildProcess;
  readonly report: string;
  /** Resolves once every message was sent, acknowledged or not. */
  readonly sent: Promise<void>;
  /** What was acknowledged by now, whether or not the process still lives. */
  acknowledged(): Promise<readonly Said[]>;
}

export interface Crowds {
  /** Starts a program. It ends with this world. */
  start(file: string, args: readonly string[]): ChildProcess;
  /** Starts clients, and resolves once they are in their rooms. */
  clients(orders: Omit<Orders, 'url' | 'receipts' | 'report'>): Promise<Crowd>;
  /** Resolves once every client of a crowd has heard an answer to a ping that it sent after this. */
  heardPongs(crowd: Crowd): Promise<void>;
  /** Waits until everything of these clients is settled and seen, and their processes have ended by themselves. `tops`: where each room's log ends then. */
  finish(some: readonly Crowd[], tops: () => Promise<Readonly<Record<string, number>>>): Promise<void>;
  /** All that clients reported, beside the logs that there were. */
  history(logs: ReadonlyMap<string, readonly LogLife[]>): Promise<History>;
  /** Kills whatever still runs. */
  kill(): void;
}

export const message = async (child: ChildProcess, wanted: (it: unknown) => boolean): Promise<unknown> => {
  for (;;) {
    const [it] = (await once(child, 'message')) as [unknown];
    if (wanted(it)) return it;
  }
};

/** `folder`: where reports are written. `url`: where the clients connect. */
export function createCrowds(folder: string, clientsFile: string, url: () => string): Crowds {
  const reports: string[] = [];
  const children = new Set<ChildProcess>();
  let crowds = 0;
  const start: Crowds['start'] = (file, args) => {
    const child = fork(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    children.add(child);
    child.on('exit', () => children.delete(child));
    return child;
  };
  return {
    start,
    async clients(orders) {
      const number = ++crowds;
      const receipts = join(folder, `receipts-${number}`);
      const report = join(folder, `report-${number}`);
      await writeFile(receipts, '');
      const full: Orders = { ...orders, url: url(), receipts, report };
      const child = start(clientsFile, [JSON.stringify(full)]);
      await message(child, (it) => it === 'ready');
      return {
        process: child,
        report,
        sent: message(child, (it) => it === 'sent').then(() => undefined),
        acknowledged: async () =>
          (await readFile(receipts, 'utf8'))
            .split('\n')
            .filter(Boolean)
            .map((text) => ({ by: text.split(' ')[0] ?? '', n: Number(text.split(' ')[1]) })),
      };
    },
    async heardPongs({ process: child }) {
      const answer = message(child, (it) => it === 'pongs');
      child.send('pongs');
      await answer;
    },
    async finish(some, tops) {
      await Promise.all(
        some.map(({ process: child }) => {
          child.send('settle');
          return message(child, (it) => it === 'settled');
        }),
      );
      const ends = await tops();
      await Promise.all(
        some.map(async ({ process: child, report }) => {
          const ended = once(child, 'exit');
          child.send(ends);
          const [code] = (await ended) as [number | null];
          if (code !== 0) throw new Error(`the clients ended with ${code}`);
          reports.push(report);
        }),
      );
    },
    async history(logs) {
      const reported = (
        await Promise.all(
          reports.map(async (report) => JSON.parse(await readFile(report, 'utf8')) as ReportedPage[]),
        )
      ).flat();
      const pages = reported.map(({ name, room, seen, status, roomStatus, unsettled }): Page => ({
        name,
        by: name,
        rooms: new Map([[room, seen]]),
        since: 0,
        alive: true,
        left: [],
        reconnects: 0,
        unsettled,
        status: { connection: status, rooms: new Map([[room, roomStatus]]) },
      }));
      return {
        sent: reported.flatMap(({ sent }) => sent),
        pages,
        logs,
        handledAgain: [],
        leaks: { timers: 0, connections: 0, listeners: 0 },
        errors: [],
      };
    },
    kill() {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}
