// Runs vitest, and counts what it ran.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './install.mjs';

/**
 * Runs vitest with these arguments, its output shown. A run that leaves no report counts as one failure.
 *
 * @param {readonly string[]} args
 * @param {{ readonly node?: string, readonly env?: Readonly<Record<string, string>> }} options
 *   `node`: the Node.js binary that runs it, by default this one; `env`: variables beside those of this process
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function runVitest(args, { node = process.execPath, env = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'roomful-test-'));
  const file = join(folder, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  try {
    const status = run(node, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], {
      env: { ...process.env, ...env },
    });
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const passed = report.numPassedTests;
    const failed = report.numFailedTests;
    const skipped = report.numPendingTests + report.numTodoTests;
    // An error outside of any test, or no test at all, is a failure too.
    const isQuietFailure = failed === 0 && (status !== 0 || passed === 0);
    return { passed, failed: isQuietFailure ? 1 : failed, skipped };
  } catch (error) {
    console.error('The test runner left no report.', error);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
