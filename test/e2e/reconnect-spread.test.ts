// The clients of a node that falls come back, and not all at once.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bundle } from '../support/bundle.mjs';
import { eventually } from '../support/eventually.js';
import { startFaultProxy } from '../support/network/fault-proxy.js';
import { readyMades } from '../support/server/ready-made.js';
import type { ReportedPage } from './processes/clients.js';
import { createCrowds } from './processes/crowds.js';

const clients = 2_000;

test(`P20 ${clients} clients of a node that is killed come back to another: no second holds more than 35 % of the attempts that they decide on`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'roomful-herd-'));
  const [servers, programs] = await Promise.all([readyMades(), bundle(['test/e2e/processes/clients.ts'])]);
  const [first, second] = await Promise.all([
    servers.start(['--rooms', servers.rooms]),
    servers.start(['--rooms', servers.rooms]),
  ]);
  const proxy = await startFaultProxy(first.port);
  const crowds = createCrowds(folder, programs.files[0] ?? '', () => `ws://127.0.0.1:${proxy.port}/realtime`);
  onTestFinished(async () => {
    crowds.kill();
    await proxy.close();
    await Promise.all([servers.close(), programs.remove()]);
    await rm(folder, { recursive: true, force: true });
  });
  const names = Array.from({ length: clients }, (_, index) => `s${index}`);
  const some = await Promise.all(
    [names.slice(0, clients / 2), names.slice(clients / 2)].map((half) =>
      crowds.clients({ names: half, rooms: half, count: 0, burst: 1, pause: 1_000, patient: true }),
    ),
  );
  // A pong says over how many seconds that many clients have to spread.
  await Promise.all(some.map((crowd) => crowds.heardPongs(crowd)));
  proxy.target = second.port;
  first.process.kill('SIGKILL');
  await eventually(async () => {
    const health = await (await fetch(`http://127.0.0.1:${second.port}/health/ready`)).json();
    expect(health).toMatchObject({ connections: clients });
  });
  await crowds.finish(some, () => Promise.resolve({}));
  const pages = await Promise.all(
    some.map(async ({ report }) => JSON.parse(await readFile(report, 'utf8')) as ReportedPage[]),
  );
  // What each client decided, and not when its attempt came: a busy machine delays that.
  const waits = pages.flat().map(({ name, waits: [wait] }) => {
    if (wait === undefined) throw new Error(`${name} never waited`);
    return wait;
  });
  const countWithin = (from: number): number =>
    waits.filter((wait) => wait >= from && wait < from + 1_000).length;
  const perSecond = Array.from({ length: Math.ceil(Math.max(...waits) / 1_000) }, (_, second) =>
    countWithin(second * 1_000),
  );
  console.log(
    `attempts a second after the death of a node with ${clients} clients:\n${perSecond.map((each, second) => `${String(second).padStart(3)} s ${String(each).padStart(5)} ${'█'.repeat(Math.round((each / clients) * 100))}`).join('\n')}`,
  );
  expect(waits).toHaveLength(clients);
  // Any second, wherever it begins.
  expect(Math.max(...waits.map(countWithin)) / clients).toBeLessThanOrEqual(0.35);
});
