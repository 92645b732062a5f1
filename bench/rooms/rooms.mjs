// `rooms`: whether what the server does grows with what it delivers, or with rooms and with members squared.
import { platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { CannotRun } from '../support/cannot-run.mjs';
import { withChild } from '../support/child.mjs';
import { cpuOf } from '../support/cpu.mjs';
import { withLibrary } from '../support/library.mjs';
import { busyness, machine } from '../support/machine.mjs';
import { pins } from '../support/pin.mjs';
import { spawnServer, withServer } from '../support/server-process.mjs';
import { curves } from './kinds.mjs';
import { report, results, versions } from './report.mjs';

const script = fileURLToPath(new URL('load.mjs', import.meta.url));
const server = new URL('server.mjs', import.meta.url).href;

const measure = ({ what, rate, size }, library, pin, { warm, seconds }) =>
  withServer(spawnServer(server, library, pin.server), ({ port, pid }) =>
    withChild(
      script,
      [port],
      async ({ ask }) => {
        await ask({ what, rate, size });
        await pause(warm * 1_000);
        const [before, cpu, began] = [await ask({ what: 'counts' }), cpuOf(pid), performance.now()];
        await pause(seconds * 1_000);
        const [after, used, elapsed] = [
          await ask({ what: 'counts' }),
          cpuOf(pid) - cpu,
          (performance.now() - began) / 1_000,
        ];
        await ask({ what: 'end' });
        return {
          delivered: (after.count - before.count) / elapsed,
          bytes: (after.bytes - before.bytes) / elapsed,
          cpu: used / elapsed,
        };
      },
      { pin: pin.load },
    ),
  );

export async function run({ quick, rounds = quick ? 1 : 3 }) {
  if (platform !== 'linux')
    throw new CannotRun('This benchmark needs Linux: it reads the CPU time of the server from /proc.');
  const setting = quick ? { warm: 0.2, seconds: 0.5 } : { warm: 1, seconds: 3 };
  const points = curves.flatMap((curve) =>
    curve.sizes.map((size) => ({ ...curve, size: quick ? Math.max(2, size / 10) : size, runs: [] })),
  );
  const pin = pins();
  const before = busyness();
  await withLibrary(async (library) => {
    for (let round = 0; round < rounds; round++)
      for (const point of points) point.runs.push(await measure(point, library, pin, setting));
  });
  const json = {
    ...results(points),
    setting: { ...setting, rounds, cores: pin.cores },
    machine: machine(),
    versions: versions(),
    busy: { before, after: busyness() },
  };
  report(json);
  return { json };
}
