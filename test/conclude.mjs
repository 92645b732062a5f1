// The end of a test command: what was left out, and the sum alone on the last line.

/**
 * Prints the sum, and ends the process with 0 where nothing failed. Under `CI=true` whatever was left out failed.
 *
 * @param {{ passed: number, failed: number, skipped: number }} counts
 * @param {readonly string[]} unmet a sentence for each requirement that could not be met
 */
export function conclude({ passed, failed, skipped }, unmet) {
  for (const sentence of unmet) console.log(`!! ${sentence}.`);
  if (skipped > 0) console.log(`!! ${skipped} tests were skipped.`);
  const leftOut = unmet.length + skipped;
  if (process.env.CI && leftOut > 0) console.log('!! Under CI that is a failure.');
  const sum = failed + (process.env.CI ? leftOut : 0);
  console.log(`\n${passed} passed, ${sum} failed`);
  process.exit(sum === 0 ? 0 : 1);
}
