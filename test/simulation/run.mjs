// `npm run simulate`: worlds by the thousand, each replayable by its seed.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { bundleSimulation, mutations } from './build.mjs';

const plants = ['no-dedupe', 'ack-before-append', 'partial-replay', ...Object.keys(mutations)];

const usage = `npm run simulate -- [--seeds N] [--seed N] [--plant NAME]

  --seeds N     how many worlds (default 2000), from a random seed on
  --seed N      one world, with its log; with --seeds, the first of many
  --plant NAME  with a bug planted: ${plants.join(', ')}; stops at the seed that finds it`;

/**
 * CPU time that one world may take, in seconds: a hundred times what it takes. It is counted for the whole process, so
 * that a worker which waits for a busy machine is not taken for a world that goes on for ever.
 */
const maxCpuSeconds = 20;
const watchEveryMs = 1_000;

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Runs seeds on every core. Resolves with how many ran and what was found, by seed. */
export async function simulateMany({ from, seeds, plant = null, verbose = false, first = false }) {
  const mutation = plant !== null && Object.hasOwn(mutations, plant) ? plant : null;
  const { file, remove } = await bundleSimulation(mutation);
  const cores = Math.max(1, Math.min(availableParallelism(), seeds));
  const failures = [];
  let ran = 0;
  try {
    await Promise.all(
      Array.from(
        { length: cores },
        (_, index) =>
          new Promise((resolve, reject) => {
            const worker = new Worker(file, {
              workerData: {
                from: from + index,
                step: cores,
                to: from + seeds,
                plant: mutation ? null : plant,
                verbose,
                first,
              },
            });
            let watch;
            worker.on('message', ({ begun, seed, wrong, events }) => {
              if (begun !== undefined) {
                // A world whose clock never gets on is a finding too.
                const before = cpuSeconds();
                watch = setInterval(() => {
                  // The workers share the CPU time that is counted.
                  if (cpuSeconds() - before < maxCpuSeconds * cores) return;
                  clearInterval(watch);
                  const wrong = [`goes on for ever: nothing came of it in ${maxCpuSeconds} s of CPU time`];
                  failures.push({ seed: begun, wrong, events: [] });
                  void worker.terminate();
                }, watchEveryMs);
                return;
              }
              clearInterval(watch);
              ran++;
              if (wrong.length || verbose) failures.push({ seed, wrong, events });
            });
            worker.on('error', reject);
            worker.on('exit', () => {
              clearInterval(watch);
              resolve();
            });
          }),
      ),
    );
  } finally {
    await remove();
  }
  return { ran, failures: failures.toSorted((a, b) => a.seed - b.seed) };
}

/**
 * Says what was found, and how to see it again. Returns how many worlds were wrong.
 * @param {{ readonly from: number, readonly plant?: string | null, readonly single?: boolean }} options
 */
export function report({ ran, failures }, { from, plant = null, single = false }) {
  for (const { seed, wrong, events } of failures.slice(0, 10)) {
    if (events.length) console.log(events.join('\n'));
    for (const what of wrong.slice(0, 12)) console.log(`  seed ${seed}: ${what}`);
    if (wrong.length && !single)
      console.log(`  replay: npm run simulate -- --seed ${seed}${plant ? ` --plant ${String(plant)}` : ''}`);
  }
  const bad = failures.filter(({ wrong }) => wrong.length > 0).length;
  console.log(`simulation: ${ran} seeds from ${from}, ${ran - bad} passed, ${bad} failed`);
  return bad;
}

async function main() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      plant: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const single = values.seed !== undefined && values.seeds === undefined;
  const from = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const seeds = values.seeds === undefined ? (single ? 1 : 2_000) : Number(values.seeds);
  const plant = values.plant ?? null;
  if (
    !Number.isSafeInteger(from) ||
    !Number.isSafeInteger(seeds) ||
    seeds < 1 ||
    (plant !== null && !plants.includes(plant))
  )
    throw new Error(usage);
  const begun = performance.now();
  const result = await simulateMany({ from, seeds, plant, verbose: single, first: plant !== null });
  const minutes = (performance.now() - begun) / 60_000;
  const bad = report(result, { from, plant, single });
  console.log(`${String(Math.round(result.ran / minutes))} seeds a minute`);
  process.exitCode = bad > 0 ? 1 : 0;
}

if (import.meta.filename === process.argv[1]) await main();
