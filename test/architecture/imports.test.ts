import { posix } from 'node:path';
import { expect, it } from 'vitest';
import { everyFile, layers, nodeModules, type Layer } from '../../tools/architecture/layers.mjs';
import { planted, problemsNow, sources, specifierOf } from './plant.js';

const folderOf = (file: string): string => posix.dirname(file);
const sourcesIn = (folder: string): string[] =>
  [...sources.keys()].filter((file) => folderOf(file) === folder && !/\/index\.tsx?$/.test(file));

const packages = [
  ...new Set(layers.flatMap((layer) => Object.keys(layer.packages ?? {}))),
  'left-pad',
  'fs',
].map((name) => (name === nodeModules ? 'node:fs' : name));

const allows = (entries: readonly string[], file: string): boolean =>
  entries.includes(file) || entries.includes(folderOf(file));

/** The packages that a new file of a folder may not import. */
function forbiddenPackages(layer: Layer): string[] {
  const forEach = Object.entries(layer.packages ?? {})
    .filter(([, places]) => places === everyFile)
    .map(([name]) => name);
  const builtin = (name: string): boolean => name === 'fs' || name.startsWith('node:');
  return packages.filter(
    (name) => !forEach.includes(name) && !(builtin(name) && forEach.includes(nodeModules)),
  );
}

/** New lines of code, by the folder that gets a new file of them. */
type Plantings = Readonly<Record<string, readonly string[]>>;

const plantEach = (rows: readonly Layer[], linesOf: (layer: Layer) => string[]): Plantings =>
  Object.fromEntries(rows.map((layer) => [layer.folder, linesOf(layer)]));

/** The lines with a problem, by the folder of the new file. */
function problemLines(plantings: Plantings): Record<string, number[]> {
  const files = Object.entries(plantings).map(([folder, lines]) => [
    `${folder}/planted.ts`,
    lines.join('\n'),
  ]);
  const found: Record<string, number[]> = {};
  for (const { file, line = 0 } of planted(Object.fromEntries(files))) {
    expect(file).toMatch(/\/planted\.ts$/);
    (found[folderOf(file)] ??= []).push(line);
  }
  return found;
}

/** Each line of the plantings, of which each folder has one at least. */
const allLines = (plantings: Plantings): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(plantings).map(([folder, lines]) => [
      folder,
      lines.length > 0 ? lines.map((_, at) => at + 1) : [1],
    ]),
  );

it('src/ has no problem', () => {
  expect(problemsNow).toEqual([]);
});

it('each row: a file of a folder that the row does not name is an error, value or type', () => {
  const plantings = plantEach(layers, (layer) => {
    const targets = layers
      .filter(({ folder }) => folder !== layer.folder)
      .flatMap(({ folder }) => sourcesIn(folder))
      .filter((file) => !allows([...layer.imports, ...(layer.typeImports ?? [])], file))
      .map((file) => specifierOf(layer.folder, file));
    return targets.flatMap((specifier) => [`import '${specifier}';`, `import type {} from '${specifier}';`]);
  });
  expect(problemLines(plantings)).toEqual(allLines(plantings));
});

const isLive = (file: string): boolean => file.endsWith('.live.ts');

/** The files that entries of a row name, by folder or one by one, but for an index, and for files of the live connection. */
const filesOf = (entries: readonly string[] = []): string[] =>
  entries
    .flatMap((entry) => (sources.has(entry) ? [entry] : sourcesIn(entry)))
    .filter((file) => !isLive(file));

it('a file that is needed before the first paint does not import one of the live connection, value or type', () => {
  const live = [...sources.keys()].filter(isLive);
  expect(live.length).toBeGreaterThan(10);
  for (const folder of new Set(live.map(folderOf))) {
    const lines = live
      .filter((file) => folderOf(file) === folder)
      .map((file) => specifierOf(folder, file))
      .flatMap((specifier) => [`import '${specifier}';`, `import type {} from '${specifier}';`]);
    const files = { [`${folder}/planted.ts`]: lines.join('\n') };
    expect(planted(files).map(({ line }) => line)).toEqual(lines.map((_, at) => at + 1));
    const later = { [`${folder}/planted.live.ts`]: lines.join('\n') };
    expect(planted(later)).toEqual([]);
  }
});

it('each row: an import that it allows is no error, nor is one of types where it allows types only', () => {
  const plantings = plantEach(layers, ({ folder, imports, typeImports }) => [
    ...filesOf(imports).map((file) => `import '${specifierOf(folder, file)}';`),
    ...filesOf(typeImports).map((file) => `import type {} from '${specifierOf(folder, file)}';`),
  ]);
  expect(problemLines(plantings)).toEqual({});
});

it('each row that allows types only: an import of a value is an error', () => {
  const rows = layers.filter(({ typeImports }) => typeImports);
  const plantings = plantEach(rows, ({ folder, imports, typeImports }) =>
    filesOf(typeImports)
      .filter((file) => !allows(imports, file))
      .map((file) => `import '${specifierOf(folder, file)}';`),
  );
  expect(problemLines(plantings)).toEqual(allLines(plantings));
});

it('each row: a package that it does not give to each file is an error in a new file', () => {
  const plantings = plantEach(layers, (layer) =>
    forbiddenPackages(layer).flatMap((name) => [`import '${name}';`, `import type {} from '${name}';`]),
  );
  expect(problemLines(plantings)).toEqual(allLines(plantings));
});

it('each row: an import by a name that is computed is an error in a new file', () => {
  const plantings = plantEach(layers, () => ['await import(name);']);
  expect(problemLines(plantings)).toEqual(allLines(plantings));
});

it.each([
  ['src/server', './node/auth/jwt.js', 'src/server/node/auth/jwt.ts: src/server may import src/protocol'],
  ['src/server', 'jose', 'jose: of packages, src/server may import none'],
  ['src/client/machine', '../storage/memory.js', 'src/client/storage/memory.ts: src/client/machine may'],
  ['src/client/machine', '../attempts.js', 'src/client/attempts.ts: src/client/machine may'],
  [
    'src/react',
    '../client/machine/transition.js',
    'src/client/machine/transition.ts: src/react may import src/client',
  ],
])('%s does not import %s, which lint let pass once', (folder, specifier, words) => {
  const file = `${folder}/planted.ts`;
  const [problem, ...more] = planted({ [file]: `\nimport { it } from '${specifier}';` });
  expect(more).toEqual([]);
  expect(problem).toMatchObject({ file, line: 2 });
  expect(problem?.text).toMatch(new RegExp(words));
});

const spellings = [
  "import { jwt } from './node/auth/jwt.js';",
  "import { jwt } from './node/auth/jwt.ts';",
  "import { jwt } from './node/auth/jwt';",
  "import { jwt } from '../server/node/auth/jwt.js';",
  "import { jwt } from './frames/../node/auth/jwt.js';",
  "import { jwt } from './/node/auth/./jwt.js';",
  "import { type JwtOptions } from './node/auth/jwt.js';",
  "import type { JwtOptions } from './node/auth/jwt.js';",
  "import * as all from './node/auth/jwt.js';",
  "import './node/auth/jwt.js';",
  "export { jwt } from './node/auth/jwt.js';",
  "export type { JwtOptions } from './node/auth/jwt.js';",
  "export * from './node/auth/jwt.js';",
  "export type * from './node/auth/jwt.js';",
  "const all = await import('./node/auth/jwt.js');",
  'const all = await import(`./node/auth/jwt.js`);',
  "type Options = import('./node/auth/jwt.js').JwtOptions;",
  "type All = typeof import('./node/auth/jwt.js');",
  "import all = require('./node/auth/jwt.js');",
  "const all = require('./node/auth/jwt.js');",
  "new Worker(new URL('./node/auth/jwt.js', import.meta.url));",
  "declare module './node/auth/jwt.js' {}",
  "import { jwt } from './node/index.js';",
  "import { jwt } from './node';",
  "import { jwt } from 'roomful/server';",
  "import { jwt } from 'jose/jwt/verify';",
  "import fs from 'fs';",
  "import test from '../support/machine/must.js';",
  "import none from './none.js';",
];

/** The file that has a spelling, one for each, so that one check goes over all of them. */
const fileOf = (text: string): string => `src/server/planted-${spellings.indexOf(text)}.ts`;
const spellingProblems = planted(Object.fromEntries(spellings.map((text) => [fileOf(text), text])));

it.each(spellings)('is an error in the core of the server: %s', (text) => {
  const [problem, ...more] = spellingProblems.filter(({ file }) => file === fileOf(text));
  expect(problem).toMatchObject({ line: 1 });
  expect(more).toEqual([]);
});

it('an index is imported by an index only', () => {
  const [problem] = planted({ 'src/react/planted.ts': "import type {} from '../contract/index.js';" });
  expect(problem?.text).toContain('import the file that has it, not an index');
});
