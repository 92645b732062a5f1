// Runs parts of the soak, one after the other, and says how each is repeated.
import { parts, sum } from './parts.mjs';

/** The date by UTC as a number, such as 20261127: the seed of everything that the soak draws at random. */
export const seedOfToday = () => Number(new Date().toISOString().slice(0, 10).replaceAll('-', ''));

/** The name of the short part whose turn it is today, by UTC. */
export function partOfToday() {
  const names = Object.keys(parts).filter((name) => parts[name].isShort);
  return names[Math.floor(Date.now() / 86_400_000) % names.length];
}

/** @returns {Promise<import('./parts.mjs').Counts>} */
export async function runParts(names, seed) {
  let total = sum();
  for (const name of names) {
    console.log(`\nsoak: ${name}, ${parts[name].about} (again: npm run soak -- ${name} --seed ${seed})`);
    const began = process.hrtime.bigint();
    const counts = await parts[name].run(seed);
    const seconds = Math.round(Number(process.hrtime.bigint() - began) / 1e9);
    console.log(`soak: ${name} took ${seconds} s: ${counts.passed} passed, ${counts.failed} failed`);
    total = sum(total, counts);
  }
  return total;
}
