// `npm test`: installs what is missing and runs every test: node, jsdom, real Chromium, stories. Ends with the sum.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages, run } from './install.mjs';

installPackages();
installPackages('test/react-18');

const { missingLibraries, installLibraries } = await import('./support/chromium-libraries.mjs');
if (missingLibraries()) installLibraries();
const { findRedis } = await import('./support/redis-path.mjs');
const { findHaproxy, findNginx } = await import('./support/balancer-paths.mjs');
const lacking = Object.entries({ 'redis-server': findRedis, nginx: findNginx, haproxy: findHaproxy }).flatMap(
  ([name, find]) => (find() ? [] : [name]),
);
if (lacking.length)
  (await import('./support/system-packages.mjs')).installSystemPackages(lacking, 'Redis and balancers');

const results = mkdtempSync(join(tmpdir(), 'roomful-test-'));
const file = join(results, 'vitest.json');
const status = run(process.execPath, [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${file}`,
  ...process.argv.slice(2),
]);

let passed = 0;
let failed = 0;
let skipped = 0;
try {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  passed = report.numPassedTests;
  failed = report.numFailedTests;
  skipped = report.numPendingTests + report.numTodoTests;
} catch {
  console.error('The test runner left no report.');
}
rmSync(results, { recursive: true, force: true });

// Only where everything runs: a filter is about tests by name.
if (process.argv.length === 2) {
  const { simulateMany, report } = await import('./simulation/run.mjs');
  const from = Math.floor(Math.random() * 2 ** 31);
  const result = await simulateMany({ from, seeds: process.env.CI ? 2_000 : 300 });
  const bad = report(result, { from });
  passed += result.ran - bad;
  failed += bad;
}

if (status !== 0 && failed === 0) failed = 1;
if (passed === 0 && failed === 0) failed = 1;
if (skipped > 0)
  console.log(
    `\n!! ${skipped} tests were skipped here.${process.env.CI ? ' Under CI that is a failure.' : ''}`,
  );
if (skipped > 0 && process.env.CI) failed += skipped;
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
