// `npm run mutate [-- NAME|FILE …]`: changes the source in one place at a time, and lists the changes that no directed test notices.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { installPackages } from '../../test/install.mjs';
import { report } from './report.mjs';

const root = join(import.meta.dirname, '../..');
const cache = '.cache/mutation';

/** The parts of the source, and the folders with the tests of each. */
const parts = {
  machine: { source: 'src/client/machine', tests: ['test/client'] },
  protocol: { source: 'src/protocol', tests: ['test/protocol'] },
  frames: { source: 'src/server/frames', tests: ['test/server', 'test/contract'] },
  messages: { source: 'src/server/messages', tests: ['test/server', 'test/contract'] },
};

/** The least score of these files in percent. SURVIVORS.md has a reason for each mutant of theirs that is left. */
const leastScore = 85;
const held = [
  'src/client/machine/connection/lifecycle.ts',
  'src/client/machine/outbox/enqueue.ts',
  'src/client/machine/outbox/entries.ts',
  'src/client/machine/outbox/in-flight.live.ts',
  'src/client/machine/outbox/queue.ts',
  'src/client/machine/room/log.live.ts',
  'src/client/machine/room/membership.live.ts',
  'src/protocol/checks.ts',
  'src/protocol/parse.ts',
  'src/server/messages/append-message.ts',
];

/** What to mutate of each part, for what was asked for: a part by its name, a folder, a file, or lines of a file as `src/protocol/checks.ts:10-20`. */
function chosen(asked) {
  const globs = new Map();
  for (const name of asked) {
    const path = parts[name]?.source ?? name;
    const [file] = path.split(':');
    const part = Object.keys(parts).find((it) => file.startsWith(parts[it].source));
    if (!part || !existsSync(join(root, file)))
      throw new Error(`${name} is neither one of ${Object.keys(parts).join(', ')} nor a file in one of them`);
    const glob = statSync(join(root, file)).isDirectory() ? `${file}/**/*.ts` : path;
    globs.set(part, [...(globs.get(part) ?? []), glob]);
  }
  return globs;
}

/** Whether a file is one of those that {@link chosen} names: all files of a folder, or one file with or without lines. */
function isNamed(fileName, glob) {
  const path = relative(root, fileName);
  return glob.endsWith('/**/*.ts')
    ? path.startsWith(glob.slice(0, -'**/*.ts'.length))
    : path === glob.split(':')[0];
}

const asked = process.argv.slice(2);
const wanted = chosen(asked.length ? asked : Object.keys(parts));

installPackages();
installPackages('tools/mutation');
process.chdir(root);
mkdirSync(cache, { recursive: true });
const { Stryker } = await import('@stryker-mutator/core');

const scores = new Map();
for (const [part, mutate] of wanted) {
  process.env.MUTATE_SOURCE = parts[part].source;
  process.env.MUTATE_TESTS = parts[part].tests.join(' ');
  const results = await new Stryker({
    mutate,
    testRunner: 'vitest',
    plugins: [join(import.meta.dirname, 'node_modules/@stryker-mutator/vitest-runner/dist/src/index.js')],
    vitest: { configFile: 'tools/mutation/vitest.config.mjs', related: false },
    coverageAnalysis: 'perTest',
    // What was found out before is not tried again, where neither the line nor its tests have changed.
    incremental: true,
    incrementalFile: `${cache}/${part}.json`,
    tempDirName: `${cache}/sandbox`,
    reporters: ['progress', 'html'],
    htmlReporter: { fileName: `${cache}/${part}.html` },
    ignorePatterns: ['**', '!package.json', '!src/**', '!test/**', '!tools/mutation/*.mjs'],
    // Stryker reads a tsconfig.json through an API that TypeScript 7 does not have. It needs none here.
    tsconfigFile: 'none.json',
    disableTypeChecks: false,
    concurrency: 1,
    allowConsoleColors: false,
  }).runMutationTest();
  // Stryker gives what it knows of other files too, from earlier runs.
  const ofThisRun = results.filter(({ fileName }) => mutate.some((glob) => isNamed(fileName, glob)));
  for (const [file, score] of report(ofThisRun)) scores.set(file, score);
}

// Some lines of a file say nothing of its score.
const isWhole = !asked.some((name) => name.includes(':'));
for (const file of held)
  if (isWhole && (scores.get(file) ?? 100) < leastScore) {
    console.error(`\n${file} is below ${leastScore} %.`);
    process.exitCode = 1;
  }
