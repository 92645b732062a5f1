// A rolling restart, as a deploy makes it: each node is told to end, and nobody who uses an app on it can tell.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ReportedPage } from '../e2e/processes/clients.js';
import { createCrowds } from '../e2e/processes/crowds.js';
import { judge } from '../simulation/checker.js';
import { bundle } from '../support/bundle.mjs';
import { startFaultProxy } from '../support/network/fault-proxy.js';
import { readyMades, type ReadyMade, type ReadyMades } from '../support/server/ready-made.js';
import { noRedis, startRedis } from '../support/redis/redis.js';
import { sized } from '../support/sizes.js';
import { logsIn } from './nodes/world.js';

const clients = sized(60, 500);
const perRoom = 20;
/** How long a connection has to be there before it follows a `goaway`, in ms (P21): a deploy comes later than that. */
const settled = 5_000;
/** Seconds that a node takes to drain: time enough for all clients to move, on a machine that has other work too. */
const window = sized(10, 30);
/** Messages of each client, one a second: more than both restarts take. */
const count = 2 * (settled / 1_000 + window) + 16;

describe.skipIf(noRedis)('with Redis', () => {
  let servers: ReadyMades;
  let programs: Awaited<ReturnType<typeof bundle>>;
  beforeAll(async () => {
    [servers, programs] = await Promise.all([readyMades(), bundle(['test/e2e/processes/clients.ts'])]);
  });
  afterAll(async () => {
    await Promise.all([servers.close(), programs.remove()]);
  });

  test(`two nodes are restarted under ${clients} clients at ${clients} messages a second: no send is rejected, nothing lost, nothing seen, and each ends with 0`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roomful-rolling-'));
    const redis = await startRedis();
    const admin = createClient({ socket: { port: redis.port, host: '127.0.0.1' } });
    await admin.connect();
    const start = (node: string): Promise<ReadyMade> =>
      servers.start([
        '--rooms',
        servers.rooms,
        '--redis',
        `redis://127.0.0.1:${redis.port}`,
        '--node',
        node,
        '--drain',
        String(window),
      ]);
    const first = [await start('a1'), await start('b1')] as const;
    // A balancer that sees who is ready.
    let ready: readonly ReadyMade[] = first;
    let next = 0;
    const proxy = await startFaultProxy(first[0].port);
    const balancing = setInterval(() => {
      proxy.target = ready[++next % ready.length]?.port ?? 0;
    }, 1);
    const crowds = createCrowds(
      folder,
      programs.files[0] ?? '',
      () => `ws://127.0.0.1:${proxy.port}/realtime`,
    );
    onTestFinished(async () => {
      clearInterval(balancing);
      crowds.kill();
      await proxy.close();
      admin.destroy();
      await redis.stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    });
    const names = Array.from({ length: clients }, (_, index) => `s${index}`);
    const halves = [names.slice(0, clients / 2), names.slice(clients / 2)];
    const some = await Promise.all(
      halves.map((half) =>
        crowds.clients({
          names: half,
          rooms: half.map((name) => String(Number(name.slice(1)) % (clients / perRoom))),
          count,
          burst: 1,
          pause: 1_000,
          patient: true,
        }),
      ),
    );

    let stays: ReadyMade = first[1];
    for (const node of first) {
      await new Promise((resolve) => {
        setTimeout(resolve, settled);
      });
      ready = [stays];
      node.process.kill('SIGTERM');
      const fresh = await start(`${node === first[0] ? 'a' : 'b'}2`);
      expect(await node.ended).toBe(0);
      // Who was there at each second of the drain.
      const left = node.lines.flatMap(({ msg, time, connections }) =>
        msg === 'draining' ? [[time as number, connections as number] as const] : [],
      );
      // How evenly they leave is tested on a virtual clock, in test/server/cluster/cluster.test.ts.
      const rates = left
        .slice(1)
        .map(
          ([time, now], index) =>
            (((left[index]?.[1] ?? 0) - now) * 1_000) / (time - (left[index]?.[0] ?? 0)),
        );
      const before = left[0]?.[1] ?? 0;
      expect(before, 'there was somebody to move').toBeGreaterThan(clients / 4);
      console.info(`closed a second: ${rates.map((rate) => Math.round(rate)).join(' ')} of ${before}`);
      stays = fresh;
      ready = [fresh];
    }
    await Promise.all(some.map(({ sent }) => sent));
    const logs = await logsIn(admin);
    await crowds.finish(some, async () =>
      Object.fromEntries(
        Array.from(await logsIn(admin), ([room, { entries }]) => [room, entries.at(-1)?.offset ?? 0]),
      ),
    );
    const history = await crowds.history(
      new Map(Array.from(await logsIn(admin), ([room, life]) => [room, [life]])),
    );
    expect(judge(history)).toEqual([]);
    expect(history.sent).toHaveLength(clients * (count + 1));
    expect(history.sent.filter(({ outcome }) => !outcome || 'code' in outcome)).toEqual([]);
    expect(logs.size).toBe(clients / perRoom);
    const pages = (
      await Promise.all(
        some.map(async ({ report }) => JSON.parse(await readFile(report, 'utf8')) as ReportedPage[]),
      )
    ).flat();
    expect(
      pages.flatMap(({ shown }) => shown).filter((it) => it !== 'connected joined'),
      'what an app showed',
    ).toEqual([]);
  });
});
