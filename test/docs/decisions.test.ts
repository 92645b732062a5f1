// docs/decisions: each is in the list, has its four parts, and names tests that are there.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'docs/decisions');
const decisions = readdirSync(folder).filter((name) => name !== 'README.md');
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(tsx?|mjs)$/.test(path) && path !== 'docs/decisions.test.ts')
  .map((path) => readFileSync(join(root, 'test', path), 'utf8').replaceAll("\\'", "'"));

test('the list has each decision once, by its number and its title', () => {
  const rows = Array.from(
    textOf('README.md').matchAll(/^\| (\d+) \| \[(.+)\]\((.+)\) \|$/gm),
    ([, number, title, file]) => [file, `# ${number}. ${title}`],
  );
  expect(rows.toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1))).toEqual(
    decisions.toSorted().map((name) => [name, textOf(name).split('\n')[0]]),
  );
});

test.each(decisions)('%s says context, decision, consequences, and by which tests it is held', (name) => {
  const text = textOf(name);
  expect(Array.from(text.matchAll(/^## (.+)$/gm), ([, heading]) => heading)).toEqual([
    'Context',
    'Decision',
    'Consequences',
    'Held by',
  ]);
  expect(name).toMatch(new RegExp(`^0?${/^# (\d+)\. /.exec(text)?.[1]}-`));
  const held = Array.from(
    (text.split('## Held by')[1] ?? '').matchAll(/^- `(.+)`$/gm),
    ([, test = '']) => test,
  );
  expect(held.length).toBeGreaterThan(0);
  expect(held.filter((test) => !tests.some((file) => file.includes(test)))).toEqual([]);
});
