// ARCHITECTURE.md leads to files that are there.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
const section = text.slice(text.indexOf('## Where do I change'), text.indexOf('## Folders'));
const rows = section.split('\n').filter((line) => line.startsWith('| '));

/** The paths of a row. One without a folder lies beside the first of them. */
const pathsOf = (row: string): string[] => {
  const [first = '', ...others] = Array.from(row.matchAll(/`([\w./-]+)`/g), ([, path = '']) => path).filter(
    (path) => path.includes('/') || /\.\w+$/.test(path),
  );
  return [first, ...others.map((path) => (path.includes('/') ? path : join(dirname(first), path)))];
};

test.each(rows.slice(2))('%s', (row) => {
  const paths = pathsOf(row);
  expect(
    paths.filter((path) => !existsSync(join(root, 'src', path)) && !existsSync(join(root, path))),
  ).toEqual([]);
});

test('the table has the things that are changed most', () => {
  expect(rows.length).toBeGreaterThan(20);
});
