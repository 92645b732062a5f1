// Nodes in processes of their own over one Redis, clients that hop between them, and the checker over what they report and what the log holds.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { redisBroker, type NodeRedisClient } from '../../../src/server/node/redis/index.js';
import { createCrowds, message, type Crowd, type Crowds } from '../../e2e/processes/crowds.js';
import { judge } from '../../simulation/checker.js';
import type { LogLife, Said } from '../../simulation/history.js';
import { livesOf, type Logs, type Noted } from './lives.js';
import { bundle } from '../../support/bundle.mjs';
import { startFaultProxy, type FaultProxy } from '../../support/network/fault-proxy.js';
import { startRedis, type TestRedis } from '../../support/redis/redis.js';

export interface Cluster {
  readonly proxy: FaultProxy;
  /** Kills a node without a word, and starts another in its place. */
  killNode(index: number): Promise<void>;
  /** Members of a room, as a node says. */
  members(index: number, room: string): Promise<number>;
  /** What a node answers when a balancer asks whether it is alive, and ready. */
  health(index: number): Promise<{ readonly live: number; readonly ready: number }>;
  /** Resident memory of a node, in bytes. */
  memory(index: number): Promise<number>;
  /** Stops Redis with a signal, and starts it again on what it kept after `ms`. */
  restartRedis(signal: NodeJS.Signals, ms: number): Promise<void>;
  command(...args: readonly string[]): Promise<unknown>;
  clients: Crowds['clients'];
  finish(...crowds: readonly Crowd[]): Promise<void>;
  verdict(): Promise<readonly string[]>;
  /** What each room's log holds now. */
  logs(): Promise<ReadonlyMap<string, LogLife>>;
  close(): Promise<void>;
}

export const bundleNodes = () => bundle(['test/redis/nodes/node.ts', 'test/e2e/processes/clients.ts']);

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** What each room's log holds. */
export async function logsIn(client: NodeRedisClient): Promise<Logs> {
  const broker = redisBroker({ client });
  try {
    const found = new Map<string, LogLife>();
    for (const key of (await client.sendCommand(['KEYS', 'roomful:*:log'])) as string[]) {
      const room = /\{(.*)\}/.exec(key)?.[1] ?? '';
      const page = await broker.read(room, { before: null, limit: 1_000_000 });
      if ('why' in page) throw new Error(page.why);
      found.set(room, {
        epoch: page.epoch,
        entries: page.entries.map(([offset, , , id, , , , , said]) => ({ offset, id, said: said as Said })),
      });
    }
    return found;
  } finally {
    await broker.close();
  }
}

/**
 * @param keeping how Redis keeps what it is given, beside its folder
 * @param heartbeatMs how often nodes expect to hear of a client, and how long they wait then
 */
export async function startCluster(
  [nodeFile = '', clientsFile = '']: readonly string[],
  count: number,
  keeping: readonly string[],
  heartbeatMs = 1_000,
): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'roomful-redis-'));
  const args = ['--dir', folder, ...keeping];
  let redis: TestRedis = await startRedis({ args });
  const admin = createClient({ socket: { port: redis.port, host: '127.0.0.1', reconnectStrategy: 50 } });
  admin.on('error', () => undefined);
  await admin.connect();
  const crowds = createCrowds(folder, clientsFile, () => `ws://127.0.0.1:${proxy.port}/realtime`);
  const nodes: { process: ChildProcess; port: number; journal: number }[] = [];
  const journals: string[] = [];
  /** What the logs held when Redis was started last, how many lines of each journal were noted before, and the lives that ended. */
  let began: Logs = new Map();
  let taken: readonly number[] = [];
  const ended: ReadonlyMap<string, readonly LogLife[]>[] = [];
  const startNode = async (index: number): Promise<void> => {
    const number = journals.length;
    const journal = join(folder, `node-${number}`);
    journals.push(journal);
    await writeFile(journal, '');
    const child = crowds.start(nodeFile, [String(redis.port), journal, String(heartbeatMs)]);
    const { port } = (await message(
      child,
      (it) => typeof it === 'object' && it !== null && 'port' in it,
    )) as { readonly port: number };
    nodes[index] = { process: child, port, journal: number };
  };
  await Promise.all(Array.from({ length: count }, (_, index) => startNode(index)));
  const proxy = await startFaultProxy(nodes[0]?.port ?? 0);
  // Each connection goes to another node than the one before.
  let next = 0;
  const hopping = setInterval(() => {
    proxy.target = nodes[++next % nodes.length]?.port ?? 0;
  }, 7);

  const readJournals = (): Promise<readonly (readonly string[])[]> =>
    Promise.all(
      journals.map(async (journal) => (await readFile(journal, 'utf8')).split('\n').filter(Boolean)),
    );
  /** What journals with these lines noted since lives ended last. */
  const notesIn = (journalLines: readonly (readonly string[])[]): readonly Noted[] =>
    journalLines
      .flatMap((lines, journal) => lines.slice(taken[journal] ?? 0))
      .map((line) => JSON.parse(line) as Noted);

  /** Redis has ended: what nodes noted until then is of the lives that end with it, and nothing later is. */
  async function endLives(): Promise<void> {
    const answers = await Promise.all(
      nodes.map(async ({ process: child, journal }) => {
        const answer = message(child, (it) => typeof it === 'object' && it !== null && 'noted' in it);
        child.send('noted');
        return { journal, ...((await answer) as { readonly noted: number }) };
      }),
    );
    const lines = await readJournals();
    for (const { journal, noted } of answers) {
      const found = lines[journal]?.length;
      if (found !== noted)
        throw new Error(`${journals[journal]} has ${found} lines, and its node wrote ${noted}`);
    }
    ended.push(livesOf(began, notesIn(lines)));
    taken = lines.map(({ length }) => length);
  }

  const logs = (): Promise<Logs> => logsIn(admin);

  return {
    proxy,
    async killNode(index) {
      const node = nodes[index % nodes.length];
      if (!node) return;
      const gone = once(node.process, 'exit');
      node.process.kill('SIGKILL');
      await gone;
      await startNode(index % nodes.length);
    },
    async members(index, room) {
      const node = nodes[index];
      if (!node) return -1;
      node.process.send({ members: room });
      return (
        (await message(node.process, (it) => typeof it === 'object' && it !== null && 'members' in it)) as {
          readonly members: number;
        }
      ).members;
    },
    async health(index) {
      const [live = 0, ready = 0] = await Promise.all(
        ['live', 'ready'].map(
          async (name) => (await fetch(`http://127.0.0.1:${nodes[index]?.port}/health/${name}`)).status,
        ),
      );
      return { live, ready };
    },
    async memory(index) {
      return (
        Number(
          /VmRSS:\s*(\d+)/.exec(await readFile(`/proc/${nodes[index]?.process.pid}/status`, 'utf8'))?.[1],
        ) * 1_024
      );
    },
    async restartRedis(signal, ms) {
      await redis.stop(signal);
      await endLives();
      await sleep(ms);
      redis = await startRedis({ port: redis.port, args });
      while (!admin.isReady) await sleep(10);
      began = await logs();
    },
    command: (...some) => admin.sendCommand([...some]),
    clients: crowds.clients,
    finish: (...some) =>
      crowds.finish(some, async () =>
        Object.fromEntries(
          Array.from(await logs(), ([room, { entries }]) => [room, entries.at(-1)?.offset ?? 0]),
        ),
      ),
    logs,
    async verdict() {
      const last = await logs();
      const noted = notesIn(await readJournals());
      const lives = [...ended, livesOf(began, noted)];
      const of = (room: string): readonly LogLife[] => {
        const all = lives.flatMap((one) => one.get(room) ?? []);
        const now = last.get(room);
        // What it holds at the end is known exactly.
        return now ? [...all.slice(0, all.at(-1)?.epoch === now.epoch ? -1 : undefined), now] : all;
      };
      return judge(await crowds.history(new Map(Array.from(last.keys(), (room) => [room, of(room)]))));
    },
    async close() {
      clearInterval(hopping);
      crowds.kill();
      await proxy.close();
      admin.destroy();
      await redis.stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
