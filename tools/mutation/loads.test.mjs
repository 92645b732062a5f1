// A mutant that breaks a file while it is loaded leaves its test files without a test that could fail. This one fails then.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(process.cwd(), process.env.MUTATE_SOURCE ?? '');
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
// Before any test begins: what a file does while it is loaded is not done by one test.
const loaded = await Promise.allSettled(files.map((name) => import(join(folder, name))));

test.each(files.map((name, index) => [name, loaded[index]]))('%s loads', (_name, outcome) => {
  expect(outcome).toMatchObject({ status: 'fulfilled' });
});
