// `npm test`: installs what is missing and runs every test at the size that a change needs. Ends with the sum.
// `npm test -- --with-soak` also runs the part of the soak whose turn it is today, as CI does. Anything else is a filter for vitest.
import { availableParallelism } from 'node:os';
import { conclude } from './conclude.mjs';
import { installPackages } from './install.mjs';

const simulatedSeeds = 300;
const firstSeed = 1;

const args = process.argv.slice(2);
const withSoak = args.includes('--with-soak');
const filter = args.filter((arg) => arg !== '--with-soak');
const began = process.hrtime.bigint();
const secondsSince = (moment) => Math.round(Number(process.hrtime.bigint() - moment) / 1e9);

installPackages();
const { meetRequirements } = await import('./requirements.mjs');
const unmet = await meetRequirements();
for (const sentence of unmet) console.log(`!! ${sentence}.`);
const installing = secondsSince(began);

const { runVitest } = await import('./vitest.mjs');
const { sum } = await import('./soak/parts.mjs');
const begunTests = process.hrtime.bigint();
let counts = runVitest(filter);

// A filter names tests of vitest, and these are none.
if (filter.length === 0) {
  const { otherVersions, testUnder } = await import('./other-node.mjs');
  for (const version of otherVersions) counts = sum(counts, testUnder(version));

  const { simulateMany, report } = await import('./simulation/run.mjs');
  const worlds = await simulateMany({ from: firstSeed, seeds: simulatedSeeds });
  const failed = report(worlds, { from: firstSeed });
  counts = sum(counts, { passed: worlds.ran - failed, failed, skipped: 0 });
}
console.log(
  `\nInstalling took ${installing} s, the tests ${secondsSince(begunTests)} s on ${availableParallelism()} cores.`,
);

if (withSoak) {
  const { partOfToday, runParts, seedOfToday } = await import('./soak/run-parts.mjs');
  counts = sum(counts, await runParts([partOfToday()], seedOfToday()));
}
conclude(counts, unmet);
