// The parts of the soak. Each runs alone, at full size, from a seed.
import { testUnder } from '../other-node.mjs';
import { runVitest } from '../vitest.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @typedef {object} Part
 * @property {string} about what it runs
 * @property {boolean} isShort whether it takes at most 3 minutes on two cores: CI runs one such part a day
 * @property {(seed: number) => Promise<Counts>} run
 */

/** @returns {Counts} */
export const sum = (...all) => ({
  passed: all.reduce((total, { passed }) => total + passed, 0),
  failed: all.reduce((total, { failed }) => total + failed, 0),
  skipped: all.reduce((total, { skipped }) => total + skipped, 0),
});

/** Test files of vitest at full size. Everything that they draw at random comes from the seed. */
const files =
  (project, ...paths) =>
  async (seed) =>
    runVitest(['--project', project, ...paths], { env: { SOAK: '1', SEED: String(seed) } });

const worlds = (seeds) => async (seed) => {
  const { simulateMany, report } = await import('../simulation/run.mjs');
  const result = await simulateMany({ from: seed, seeds });
  const failed = report(result, { from: seed });
  return { passed: result.ran - failed, failed, skipped: 0 };
};

const frames = (count) => async (seed) => {
  const { report, runFuzz } = await import('../fuzz/run.mjs');
  const result = await runFuzz({ frames: count, seed });
  report(result, `${seed} --frames ${count}`);
  const failed = result.violations.length;
  return { passed: failed === 0 ? 1 : 0, failed, skipped: 0 };
};

/** @type {Readonly<Record<string, Part>>} */
export const parts = {
  simulation: { about: '2,000 simulated worlds', isShort: true, run: worlds(2_000) },
  properties: {
    about: 'random walks and models of the client, a million events',
    isShort: true,
    run: files('properties'),
  },
  codecs: {
    about: 'codecs and room patterns on a hundred thousand random payloads and names',
    isShort: true,
    run: files('unit', 'test/protocol', 'test/contract'),
  },
  fuzz: {
    about: '100,000 hostile frames, at a real server and at real clients',
    isShort: true,
    run: frames(100_000),
  },
  cuts: {
    about: '50,000 messages through 200 cuts; servers and clients that are killed and stopped',
    isShort: false,
    run: files('system', 'test/e2e/processes'),
  },
  redis: {
    about: '30,000 messages while 20 nodes are killed; Redis killed, rolled back, deaf, away for 30 s',
    isShort: false,
    run: files('system', 'test/redis/faults.test.ts'),
  },
  rolling: {
    about: 'a rolling restart of two nodes under 500 clients',
    isShort: false,
    run: files('system', 'test/redis/rolling.test.ts'),
  },
  herd: {
    about: '2,000 clients of a node that is killed come back',
    isShort: true,
    run: files('system', 'test/e2e/reconnect-spread.test.ts'),
  },
  backlog: {
    about: '10,000 stored messages in a page that is loaded again',
    isShort: true,
    run: files('system', 'test/e2e/browser/backlog.test.ts'),
  },
  floods: {
    about: 'a million fragments and pings on one connection; a reader that pauses beside fifty others',
    isShort: false,
    run: async (seed) =>
      sum(
        await files('system', 'test/e2e/upgrade-abuse.test.ts')(seed),
        await files('system', 'test/e2e/paused-reader.test.ts')(seed),
      ),
  },
  nextjs: {
    about: 'the Next.js example, installed, built and run',
    isShort: false,
    run: files('package', 'test/package/nextjs.test.ts'),
  },
  'node-22': { about: 'the unit tests under Node.js 22', isShort: true, run: async () => testUnder('22') },
  benches: { about: 'every benchmark with --quick', isShort: false, run: files('system', 'test/bench') },
};
