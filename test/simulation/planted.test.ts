// What the simulation is worth: bugs on purpose, in the real source and behind the real server, are each found within 500 seeds.
import { expect, test } from 'vitest';
import { seed } from '../support/sizes.js';
import { simulateMany } from './run.mjs';

test.each(['no-dedupe', 'position-after-handler', 'no-stale-guard', 'ack-before-append', 'partial-replay'])(
  `%s is found (SEED=${seed})`,
  async (plant) => {
    const { failures } = await simulateMany({ from: seed, seeds: 500, plant, first: true });
    expect(failures.length).toBeGreaterThan(0);
  },
);
