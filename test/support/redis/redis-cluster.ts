// A cluster of three redis-servers of our own, each with a third of the slots.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { startRedis } from './redis.js';

export interface TestCluster {
  readonly ports: readonly number[];
  /** Asks each of them. */
  everywhere(...args: string[]): Promise<readonly unknown[]>;
  stop(): Promise<void>;
}

const slots = [
  ['0', '5460'],
  ['5461', '10922'],
  ['10923', '16383'],
] as const;

export async function startCluster(): Promise<TestCluster> {
  const folders = await Promise.all(slots.map(() => mkdtemp(join(tmpdir(), 'roomful-cluster-'))));
  const servers = await Promise.all(
    folders.map((folder) =>
      startRedis({
        args: [
          '--dir',
          folder,
          '--save',
          '',
          '--appendonly',
          'no',
          '--cluster-enabled',
          'yes',
          '--cluster-node-timeout',
          '5000',
        ],
        bus: true,
      }),
    ),
  );
  const admins = await Promise.all(
    servers.map(async ({ port }) => createClient({ socket: { port, host: '127.0.0.1' } }).connect()),
  );
  const everywhere = (...args: string[]): Promise<readonly unknown[]> =>
    Promise.all(admins.map((admin) => admin.sendCommand(args)));
  await Promise.all(
    admins.map((admin, at) =>
      admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', ...(slots[at] as readonly string[])]),
    ),
  );
  await Promise.all(
    admins.map((admin, at) => admin.sendCommand(['CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1)])),
  );
  for (const { port, busPort } of servers.slice(1))
    await admins[0]?.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort)]);
  const agrees = (info: unknown): boolean =>
    String(info).includes('cluster_state:ok') && String(info).includes('cluster_known_nodes:3');
  while (!(await everywhere('CLUSTER', 'INFO')).every(agrees))
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  return {
    ports: servers.map(({ port }) => port),
    everywhere,
    async stop() {
      for (const admin of admins) admin.destroy();
      await Promise.all(servers.map((server) => server.stop('SIGKILL')));
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
    },
  };
}
