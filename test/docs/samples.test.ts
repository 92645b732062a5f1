// Every sample in the documents compiles, as a reader would paste it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const guides = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'PROTOCOL.md',
  'SECURITY.md',
  ...guides,
];

interface Sample {
  readonly file: string;
  readonly text: string;
}

/** Samples of one document. One that begins with `// name.ts` goes by that name, so that others can import it. */
function samplesIn(document: string): Sample[] {
  const text = readFileSync(join(root, document), 'utf8');
  return Array.from(text.matchAll(/^```(tsx?)\n([\s\S]*?)^```/gm), ([, kind = 'ts', body = ''], index) => {
    const name = /^\/\/ ([\w.-]+\.tsx?)\n/.exec(body)?.[1] ?? `sample-${index + 1}.${kind}`;
    // A sample without an export would be a script, whose names are everybody's.
    return { file: name, text: /^(import|export) /m.test(body) ? body : `${body}\nexport {};\n` };
  });
}

test.each(documents)(
  '%s',
  (document) => {
    const own = samplesIn(document);
    // What the README begins with, a guide takes for granted.
    const samples = own.some(({ file }) => file === 'rooms.ts')
      ? own
      : [...own, ...samplesIn('README.md').filter(({ file }) => file === 'rooms.ts')];
    const folder = join(root, 'node_modules/.cache/samples', document);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { file, text } of samples) writeFileSync(join(folder, file), text);
    const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
      compilerOptions: { paths: Record<string, string[]> };
    };
    const paths = Object.fromEntries(
      Object.entries(compilerOptions.paths).map(([name, [target = '']]) => [name, [join(root, target)]]),
    );
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { ...compilerOptions, paths, declaration: false, noUnusedLocals: true },
        files: samples.map(({ file }) => file),
      }),
    );
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    if (own.length === 0) return;
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'],
      { encoding: 'utf8' },
    );
    expect(stdout).toBe('');
    expect(status).toBe(0);
  },
  60_000,
);

test('the README has its first room on its first screen: contract, server and component', () => {
  expect(
    samplesIn('README.md')
      .slice(0, 3)
      .map(({ file }) => file),
  ).toEqual(['rooms.ts', 'server.ts', 'app.tsx']);
});
