// The tests that a mutant is run against: those that hold one subject by itself, so that a mutant which only a test of the whole notices counts as alive.
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

const loads = 'tools/mutation/loads.test.mjs';

/** A file that cannot be loaded ends the run before any other test file says so. */
class LoadsFirst extends BaseSequencer {
  async sort(files) {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => Number(b.moduleId.endsWith(loads)) - Number(a.moduleId.endsWith(loads)));
  }
}

export default defineConfig({
  test: {
    environment: 'node',
    // run.mjs sets the folders of tests.
    include: [
      loads,
      ...(process.env.MUTATE_TESTS ?? '').split(' ').map((folder) => `${folder}/**/*.test.ts`),
    ],
    exclude: [
      // Random and hostile input notices a mutant in one run and not in the next.
      'test/properties/**',
      'test/server/frames/join-isolation.test.ts',
      // These run a whole client, with storage and a clock, or a whole server that waits for real time.
      'test/client/{driver,scenarios}.test.ts',
      'test/client/rooms/*.test.ts',
      'test/client/{edge,storage}/**',
      'test/client/machine/outbox/outbox-users.test.ts',
      'test/server/broker/memory-broker.test.ts',
      'test/server/util/frame-splitting.test.ts',
    ],
    // One worker keeps the modules of one test file for the next, which makes a run several times as fast.
    isolate: false,
    sequence: { sequencer: LoadsFirst },
    testTimeout: 30_000,
  },
});
