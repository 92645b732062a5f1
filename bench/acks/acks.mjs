// `acks`: a message that is certain: sent, numbered, logged, deduplicated and acknowledged, against one that is only echoed.
import { platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { CannotRun } from '../support/cannot-run.mjs';
import { withChild } from '../support/child.mjs';
import { cpuOf } from '../support/cpu.mjs';
import { compare } from '../support/rounds.mjs';
import { spawnServer, withServer } from '../support/server-process.mjs';
import { headline, kinds, loads } from './kinds.mjs';
import { report, results, versions } from './report.mjs';

const script = fileURLToPath(new URL('load.mjs', import.meta.url));

const measure = ({ server, client }, library, pin, { warm, seconds }) =>
  withServer(
    spawnServer(new URL(`servers/${server}.mjs`, import.meta.url).href, library, pin.server),
    ({ port, pid }) =>
      withChild(
        script,
        [client, port, library],
        async ({ ask }) => {
          await ask({ inFlight: headline, seconds: warm });
          const saturated = {};
          for (const inFlight of loads) {
            const before = cpuOf(pid);
            const run = await ask({ inFlight, seconds });
            saturated[inFlight] = { ...run, serverCpuSeconds: (cpuOf(pid) - before) / 1e6 };
          }
          return { saturated, low: await ask({ seconds }) };
        },
        { pin: pin.load },
      ),
  );

export async function run({ quick, rounds = quick ? 1 : 5 }) {
  if (platform !== 'linux')
    throw new CannotRun('This benchmark needs Linux: it reads the CPU time of the server from /proc.');
  return compare({
    kinds,
    rounds,
    setting: quick ? { warm: 0.2, seconds: 0.3 } : { warm: 1, seconds: 2 },
    measure,
    results,
    versions,
    report,
  });
}
