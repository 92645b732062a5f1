// One worker of `npm run simulate`: runs seeds, says what each found.
import { parentPort, workerData } from 'node:worker_threads';
import { judge } from './checker.js';
import { plants } from './planted.js';
import { simulate } from './simulate.js';

interface Work {
  readonly from: number;
  readonly step: number;
  readonly to: number;
  readonly plant: string | null;
  readonly verbose: boolean;
  /** Stop at the first seed that finds something. */
  readonly first: boolean;
}

const { from, step, to, plant, verbose, first } = workerData as Work;
const planted = plant === null ? undefined : plants[plant];

for (let seed = from; seed < to; seed += step) {
  parentPort?.postMessage({ begun: seed });
  const events: string[] = [];
  let wrong: readonly string[];
  try {
    wrong = judge(
      await simulate(seed, {
        ...(planted && { plant: planted }),
        ...(verbose && { tell: (what) => events.push(what) }),
      }),
    );
  } catch (error) {
    wrong = [`threw ${error instanceof Error ? error.stack : String(error)}`];
  }
  parentPort?.postMessage({ seed, wrong, events });
  if (first && wrong.length > 0) break;
}
