// `npm run soak`: the long worlds and the large sizes, in named parts that also run alone.
import { parseArgs } from 'node:util';
import { installPackages } from '../install.mjs';
import { conclude } from '../conclude.mjs';

installPackages();
const { meetRequirements } = await import('../requirements.mjs');
const { parts } = await import('./parts.mjs');
const { runParts, seedOfToday } = await import('./run-parts.mjs');

const usage = `npm run soak -- [NAME …] [--seed N]

${Object.entries(parts)
  .map(([name, { about, isShort }]) => `  ${isShort ? ' ' : '*'} ${name.padEnd(10)} ${about}`)
  .join('\n')}

Without a name it runs all parts. Those with * take longer than 3 minutes.

  --seed N   the seed of everything that is drawn at random (default: the date, such as ${seedOfToday()})`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, help: { type: 'boolean', default: false } },
});
const seed = values.seed === undefined ? seedOfToday() : Number(values.seed);
const isUnknown = positionals.some((name) => !Object.hasOwn(parts, name));
if (values.help || isUnknown || !Number.isSafeInteger(seed)) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const unmet = await meetRequirements();
conclude(await runParts(positionals.length > 0 ? positionals : Object.keys(parts), seed), unmet);
