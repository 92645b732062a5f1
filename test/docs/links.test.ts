// Every link in the documents leads somewhere: files, and headings in them. Addresses on the web are looked at for their form.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const skipped = new Set(['node_modules', 'dist', 'storybook-static', '.git']);
const documentsIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : documentsIn(join(folder, entry.name));
    return entry.name.endsWith('.md') ? [join(folder, entry.name)] : [];
  });

/** As GitHub makes them of headings. */
const anchorsOf = (file: string): Set<string> =>
  new Set(
    Array.from(readFileSync(file, 'utf8').matchAll(/^#{1,6} (.+)$/gm), ([, heading = '']) =>
      heading
        .replaceAll('`', '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );

const documents = documentsIn(root)
  .map((file) => relative(root, file))
  .filter((file) => !file.startsWith('docs/api/'));

test.each(documents)('%s', (document) => {
  const text = readFileSync(join(root, document), 'utf8')
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .replaceAll(/`[^`\n]*`/g, '');
  const broken = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target).filter(
    (target) => {
      if (target.startsWith('https://')) return !URL.canParse(target);
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? join(root, document) : join(root, dirname(document), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && statSync(file).isFile() && !anchorsOf(file).has(anchor);
    },
  );
  expect(broken).toEqual([]);
});

test('the README leads to every guide, and the guides to each other by one list', () => {
  const list = readFileSync(join(root, 'docs/README.md'), 'utf8');
  const guides = readdirSync(join(root, 'docs')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  );
  expect(guides.filter((name) => !list.includes(`(${name})`))).toEqual([]);
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('(docs/README.md)');
});
