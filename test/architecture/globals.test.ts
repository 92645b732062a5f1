import { posix } from 'node:path';
import { expect, it } from 'vitest';
import { everyFile, guardedGlobals, layers, type Layer } from '../../tools/architecture/layers.mjs';
import { globalsConfig } from '../../tools/architecture/lint-globals.mjs';
import { lint, type LintError } from './lint.js';
import { sources } from './plant.js';

const isGuard = ({ rule }: LintError): boolean => /no-restricted-(globals|properties)/.test(rule);

/** The lines of each file that use a guarded global which the file may not use, once each. */
function guardedLines(errors: readonly LintError[]): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const { file, line } of errors.filter(isGuard))
    found[file] = [...new Set([...(found[file] ?? []), line])].sort((a, b) => a - b);
  return found;
}

/** The names that a row gives to a file, with the name '*' to a file that the row does not name. */
const allowedIn = ({ globals = {} }: Layer, file: string): string[] =>
  Object.entries(globals)
    .filter(([, places]) => places === everyFile || places.includes(file))
    .map(([name]) => name);

/** The files for which a row has rules: those that it names, and a new one. */
const placesOf = ({ globals = {} }: Layer): string[] => [
  ...new Set([
    ...Object.values(globals).flatMap((places) => (places === everyFile ? [] : places)),
    'planted.ts',
  ]),
];

it('each row and each file that it names: each guarded global that is not theirs is an error, theirs is not', () => {
  const files = new Map<string, string>();
  const expected: Record<string, number[]> = {};
  for (const layer of layers)
    for (const place of placesOf(layer)) {
      const file = `${layer.folder}/${place}`;
      files.set(file, guardedGlobals.map((name) => `export type {}; void ${name};`).join('\n'));
      const allowed = allowedIn(layer, place);
      expected[file] = guardedGlobals.flatMap((name, at) => (allowed.includes(name) ? [] : [at + 1]));
    }
  expect(guardedLines(lint(files))).toEqual(expected);
});

const spellings = [
  'export const a = Math.random();',
  "export const b = Math['random']();",
  'export const { random } = Math;',
  'export const c = globalThis.crypto;',
  "export const d = globalThis['crypto'];",
  'export const { crypto } = globalThis;',
  'export const world = globalThis;',
  'export const e = self.performance.now();',
  'export const f = typeof Date;',
  'export const g = new Date();',
  'export const h = (callback = setTimeout): unknown => callback;',
  'export const i = { performance };',
];

it('the core of the server uses no guarded global, however it is spelt: lint let Math.random() pass once', () => {
  const file = 'src/server/planted.ts';
  const found = guardedLines(lint(new Map([[file, spellings.join('\n')]])));
  expect(found[file]).toEqual(spellings.map((_, at) => at + 1));
});

it('a file that may use globalThis gets no other global from it', () => {
  const file = 'src/testing/macrotask.ts';
  const lines = [
    'export const a = globalThis.crypto;',
    'export const { performance } = globalThis;',
    'export const b = (globalThis as { readonly fetch?: unknown }).fetch;',
    'export const c = globalThis?.process;',
    'export const d = globalThis!.navigator;',
  ];
  const found = guardedLines(lint(new Map([[file, lines.join('\n')]])));
  expect(found).toEqual({ [file]: lines.map((_, at) => at + 1) });
});

it('a name that is local is no global', () => {
  const text = 'export const now = (Date: { now(): number }, window: number): number => Date.now() + window;';
  expect(guardedLines(lint(new Map([['src/server/planted.ts', text]])))).toEqual({});
});

it('src/ uses each guarded global that the table gives to a file or to a folder', () => {
  const strict = globalsConfig(layers.map((layer) => ({ ...layer, globals: {} })));
  const found = guardedLines(lint(sources, strict));
  const uses = (file: string, name: string): boolean => {
    const lines = sources.get(file)?.split('\n') ?? [];
    const word = new RegExp(`\\b${name}\\b`);
    return found[file]?.some((line) => word.test(lines[line - 1] ?? '')) ?? false;
  };
  const unused = layers.flatMap(({ folder, globals = {} }) =>
    Object.entries(globals).flatMap(([name, places]) => {
      if (places !== everyFile)
        return places
          .filter((place) => !uses(`${folder}/${place}`, name))
          .map((place) => `${name}: ${place}`);
      const files = [...sources.keys()].filter((file) => posix.dirname(file) === folder);
      return files.some((file) => uses(file, name)) ? [] : [`${name}: ${folder}`];
    }),
  );
  expect(unused).toEqual([]);
});
