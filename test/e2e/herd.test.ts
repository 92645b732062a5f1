// The clients of a node that falls come back, and not all at once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bundle } from '../support/bundle.mjs';
import { startFaultProxy } from '../support/fault-proxy.js';
import { readyMades } from '../support/ready-made.js';
import { createCrowds } from './processes/crowds.js';

const clients = 2_000;
const seconds = 8;

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

test('P20 2,000 clients of a node that is killed come back to another: no second holds more than 35 % of their attempts', async () => {
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
  await Promise.all(
    [names.slice(0, clients / 2), names.slice(clients / 2)].map((some) =>
      crowds.clients({
        names: some,
        rooms: some.map((name) => name),
        count: 0,
        burst: 1,
        pause: 1_000,
        patient: true,
      }),
    ),
  );
  // Everybody has heard by a pong how many they are.
  await sleep(2_500);
  const before = proxy.accepted;
  proxy.target = second.port;
  first.process.kill('SIGKILL');
  const attempts: number[] = [];
  for (let last = before, tenth = 0; tenth < seconds * 10; tenth++) {
    await sleep(100);
    attempts.push(proxy.accepted - last);
    last = proxy.accepted;
  }
  const perSecond = Array.from({ length: seconds }, (_, second) =>
    attempts.slice(second * 10, second * 10 + 10).reduce((sum, each) => sum + each, 0),
  );
  const total = perSecond.reduce((sum, each) => sum + each, 0);
  console.log(
    `attempts a second after the death of a node with ${clients} clients:\n${perSecond.map((each, second) => `${String(second).padStart(3)} s ${String(each).padStart(5)} ${'█'.repeat(Math.round((each / total) * 100))}`).join('\n')}`,
  );
  expect(total).toBeGreaterThanOrEqual(clients);
  expect(Math.max(...perSecond) / total).toBeLessThanOrEqual(0.35);
  // Any ten tenths that follow one another are a second too.
  expect(
    Math.max(
      ...attempts.slice(9).map((_, at) => attempts.slice(at, at + 10).reduce((sum, each) => sum + each, 0)),
    ) / total,
  ).toBeLessThanOrEqual(0.35);
  expect(
    await (await fetch(`http://127.0.0.1:${second.port}/health/ready`)).json(),
    'all are back',
  ).toMatchObject({ connections: clients });
});
