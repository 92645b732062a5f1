// The API reference is what the docstrings say.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('docs/api is written from the code as it is', () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, '../../docs/reference/generate.mjs'), '--check'],
    { encoding: 'utf8' },
  );
  expect(`${stdout}${stderr}`).toBe('');
  expect(status).toBe(0);
});
