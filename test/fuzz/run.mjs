// `npm run fuzz`: everything an attacker can say to a server, and a server to a client, by a seed.
import { parseArgs } from 'node:util';
import { bundle } from '../support/bundle.mjs';

const usage = `npm run fuzz -- [--frames N] [--seed N] [--only NAME]

  --frames N   about how many (default 100000)
  --seed N     which: the same seed makes the same ones
  --only NAME  only attacks whose threat or name has this in it, such as T16`;

const MiB = 2 ** 20;
const mib = (bytes) => `${(bytes / MiB).toFixed(1)} MiB`;
const ms = (value) => `${value.toFixed(1)} ms`;

/** Bundles the programs and runs them. */
export async function runFuzz({ frames, seed, only = '' }) {
  const { files, remove } = await bundle([
    'test/fuzz/fuzz.ts',
    'test/support/server/measured-server.ts',
    'test/fuzz/good.ts',
    'test/fuzz/hostile.ts',
    'test/fuzz/rogue.ts',
    'test/fuzz/victim.ts',
  ]);
  try {
    const [main, server, good, hostile, rogue, victim] = files;
    const { fuzz } = await import(main);
    return await fuzz({ frames, seed, only, programs: { server, good, hostile, rogue, victim } });
  } finally {
    await remove();
  }
}

/** Says what was done, what it cost, and what is wrong. */
export function report({ classes, good, server, client, seconds, violations }, seed) {
  for (const { threat, name, visits, frames, ends, slowest, wrongs } of classes) {
    const how = Object.entries(ends)
      .toSorted(([, a], [, b]) => b - a)
      .map(([end, count]) => `${end} ${count}`)
      .join(', ');
    console.log(
      `${wrongs > 0 ? '✗' : '✓'} ${`${threat} ${name}`.padEnd(28)} ${String(frames).padStart(7)} frames, ${String(visits).padStart(6)} connections: ${how}; answered within ${ms(slowest)}`,
    );
  }
  if (good)
    for (const [
      when,
      {
        latency: { p50, p99, max, count },
      },
    ] of Object.entries(good).slice(0, 2))
      console.log(
        `good clients ${when.padEnd(6)} p50 ${ms(p50)}, p99 ${ms(p99)}, at worst ${ms(max)}, of ${count} deliveries`,
      );
  if (good)
    console.log(
      `good clients said ${good.after.said} messages and heard ${good.after.heard}; among attackers, the others said ${good.witnessed.said} and heard ${good.witnessed.heard}, and ${good.witnessed.overheard} of the attackers`,
    );
  if (server)
    for (const [when, { rss, peak, heap, delay, turn }] of Object.entries(server))
      console.log(
        `server ${when.padEnd(6)} RSS ${mib(rss)}, at most ${mib(peak)}, heap ${mib(heap)}, event loop at worst ${ms(delay)} late, at most ${ms(turn)} of CPU in one turn`,
      );
  if (client) {
    const { rogue, before, after } = client;
    console.log(
      `clients under fire: ${rogue.bombs} bombs, ${after.connected} connections, ${after.stopped} given up and ${after.reported} reported (by code: ${Object.entries(
        rogue.ends,
      )
        .map(([code, count]) => `${code} ${count}`)
        .join(
          ', ',
        )}); heap ${mib(before.heap)}, then ${mib(after.heap)}; event loop at worst ${ms(after.delay)} late`,
    );
  }
  for (const violation of violations) console.log(`VIOLATION ${violation}`);
  const sum = classes.reduce((frames, its) => frames + its.frames, 0) + (client?.rogue.bombs ?? 0);
  console.log(
    `fuzz: ${sum} frames in ${seconds.toFixed(0)} s, ${violations.length} violations; again: npm run fuzz -- --seed ${seed}`,
  );
}

async function main() {
  const { values } = parseArgs({
    options: {
      frames: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const frames = values.frames === undefined ? 100_000 : Number(values.frames);
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  if (!Number.isSafeInteger(frames) || frames < 1 || !Number.isSafeInteger(seed)) throw new Error(usage);
  console.log(`seed ${seed}`);
  const result = await runFuzz({ frames, seed, only: values.only });
  report(result, `${seed} --frames ${frames}${values.only ? ` --only ${JSON.stringify(values.only)}` : ''}`);
  process.exitCode = result.violations.length > 0 ? 1 : 0;
}

if (import.meta.filename === process.argv[1]) await main();
