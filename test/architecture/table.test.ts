import { expect, it } from 'vitest';
import { toLine } from '../../tools/architecture/check-tree.mjs';
import { layers, type Layer } from '../../tools/architecture/layers.mjs';
import { picture } from '../../tools/architecture/print.mjs';
import { checkWritten } from '../../tools/architecture/written-files.mjs';
import { judgedBy, planted } from './plant.js';

/** The problems that src/ has only where the row of `folder` is another. */
const withRow = (folder: string, change: Partial<Layer>): string[] =>
  judgedBy(layers.map((layer) => (layer.folder === folder ? { ...layer, ...change } : layer))).map(toLine);

it('ARCHITECTURE.md and the lint rules for globals are what the table gives', () => {
  expect(checkWritten().map(toLine)).toEqual([]);
});

it('a folder without a row is an error', () => {
  expect(planted({ 'src/server/new/a.ts': 'export {};' }).map(toLine)).toEqual([
    'src/server/new has no row in tools/architecture/layers.mjs.',
  ]);
});

it('a permission that no file uses is an error', () => {
  expect(withRow('src/contract', { imports: ['src/protocol', 'src/react'] })).toEqual([
    'tools/architecture/layers.mjs row src/contract: it may import src/react, and no file does: take the entry out.',
  ]);
});

it('a permission for a file that is not there is an error', () => {
  expect(withRow('src/contract', { globals: { Date: ['none.ts'] } })).toEqual([
    'tools/architecture/layers.mjs row src/contract: there is no file none.ts.',
  ]);
});

it('a permission that is taken away makes each import that needs it an error', () => {
  const problems = withRow('src/contract', { imports: [] });
  expect(problems.length).toBeGreaterThan(1);
  for (const problem of problems)
    expect(problem).toMatch(
      /^src\/contract\/[\w-]+\.ts:\d+ imports src\/protocol\/[\w-]+\.ts: src\/contract may import nothing\.$/,
    );
});

it('the picture has arrows, floors, upward arrows and cycles', () => {
  const files = new Map([
    ['src/low/a.ts', "import '../high/c.js';"],
    ['src/low/b.ts', "import type {} from './a.js';"],
    ['src/high/c.ts', 'export {};'],
    ['src/high/d.ts', "import type {} from '../low/a.js';\nimport type {} from './e.js';"],
    ['src/high/e.ts', "import type {} from './d.js';"],
  ]);
  const row = { purpose: '', imports: [] };
  const rows = [
    { ...row, folder: 'src/low' },
    { ...row, folder: 'src/high' },
  ];
  expect(picture(files, rows).split('\n')).toEqual([
    'Arrows between folders (2)',
    'src/low → src/high  1 import',
    'src/high → src/low  1 import, types only',
    '',
    'Floors of folders, the highest first',
    '  0  src/high src/low',
    '',
    'Upward arrows, by the order of the table (1)',
    'src/low → src/high  1 import',
    '',
    'Files: 5 in 3 floors, 5 arrows',
    '  2  high/d.ts high/e.ts low/b.ts',
    '  1  low/a.ts',
    '  0  high/c.ts',
    '',
    'Cycles of files (1)',
    'src/high/d.ts imports src/high/e.ts, which closes a cycle: src/high/d.ts → src/high/e.ts → src/high/d.ts. Move what both need into a file of its own.',
    '',
  ]);
});
