// `cluster`: from a client on one node to a client on another, through Redis: how many, how soon, and how many never.
import { fileURLToPath } from 'node:url';
import { CannotRun } from '../support/cannot-run.mjs';
import { withChild } from '../support/child.mjs';
import { cpuOf } from '../support/cpu.mjs';
import { withLibrary } from '../support/library.mjs';
import { busyness, machine } from '../support/machine.mjs';
import { installPackages } from '../support/packages.mjs';
import { withRedis } from '../support/redis.mjs';
import { kinds } from './kinds.mjs';
import { report, results, versions } from './report.mjs';

const script = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Calls `call` with two nodes of one kind, over a Redis that is theirs alone. */
const withNodes = ({ server, adapter }, library, call) =>
  withRedis((redis) => {
    const node = (next) => withChild(script('node.mjs'), [server, adapter, redis.port, library], next);
    return node((a) => node((b) => call({ a, b, redis })));
  });

/** What is measured with two light clients. */
const measure = (kind, library, { window, warm, seconds, rate, steady }) =>
  withNodes(kind, library, ({ a, b, redis }) =>
    withChild(script('load.mjs'), ['the load'], async ({ ask }) => {
      const [from, to] = [a.first.port, b.first.port];
      const { dialect } = kind;
      const cpus = async () => [(await a.ask('cpu')).cpu, (await b.ask('cpu')).cpu, cpuOf(redis.pid)];
      const near = await ask({ what: 'pace', dialect, from, to: from, rate, seconds: steady });
      const far = await ask({ what: 'pace', dialect, from, to, rate, seconds: steady });
      const before = await cpus();
      const most = await ask({ what: 'saturate', dialect, from, to, window, warm, seconds });
      const after = await cpus();
      const all = (most.messages * (warm + seconds)) / seconds;
      return {
        perSecond: most.perSecond,
        p50: far.p50,
        p99: far.p99,
        added: far.p50 - near.p50,
        cpu: [...after.map((it, at) => (it - before[at]) / all), most.cpu / most.messages],
      };
    }),
  );

/** What is lost by the real clients. */
const lose = (kind, library, what, { cuts, apart, lossRate }) =>
  withNodes(kind, library, ({ a, b, redis }) =>
    withChild(script('clients.mjs'), ['the clients'], ({ ask }) =>
      ask({
        dialect: kind.dialect,
        from: a.first.port,
        to: b.first.port,
        redisPort: redis.port,
        library,
        rate: lossRate,
        cuts,
        apart,
        what,
      }),
    ),
  );

export async function run({ quick, rounds = quick ? 1 : 3 }) {
  if (process.platform !== 'linux')
    throw new CannotRun('This benchmark needs Linux: it reads the CPU time of Redis from /proc.');
  installPackages();
  const setting = quick
    ? {
        window: 256,
        warm: 0.2,
        seconds: 0.5,
        rate: 250,
        steady: 0.4,
        cuts: 1,
        apart: 500,
        lossRate: 200,
        rounds,
      }
    : {
        window: 256,
        warm: 1,
        seconds: 3,
        rate: 250,
        steady: 4,
        cuts: 4,
        apart: 5_500,
        lossRate: 500,
        rounds,
      };
  const runs = new Map(kinds.map(({ name }) => [name, []]));
  const losses = new Map(kinds.map(({ name }) => [name, { client: [], redis: [] }]));
  const before = busyness();

  await withLibrary(async (library) => {
    // Round by round, so that a neighbour's noise falls on all of them alike.
    for (let round = 0; round < rounds; round++) {
      for (const kind of kinds) runs.get(kind.name).push(await measure(kind, library, setting));
      // No figure of a pace: all at once.
      await Promise.all(
        kinds.flatMap((kind) =>
          ['client', 'redis'].map(async (what) => {
            losses.get(kind.name)[what].push(await lose(kind, library, what, setting));
          }),
        ),
      );
    }
  });

  const json = {
    ...results(runs, losses),
    setting,
    machine: machine(),
    versions: versions(),
    busy: { before, after: busyness() },
  };
  report(json);
  return { json };
}
