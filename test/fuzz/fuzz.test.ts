// A short run of `npm run fuzz`.
import { expect, test } from 'vitest';
import { seed } from '../support/sizes.js';
import { report, runFuzz } from './run.mjs';

test('T3 T10 T11 T12 T13 T14 T15 T16 T17 T18 T19 T24 bytes of all kinds end what sent them and trouble nobody else, and those of a server no client', async () => {
  const result = await runFuzz({ frames: 3_000, seed });
  report(result, `${seed} --frames 3000`);
  expect(result.violations).toEqual([]);
});
