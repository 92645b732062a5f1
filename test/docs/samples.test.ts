// Every sample in the documents compiles, as a reader would paste it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';

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

const folder = join(root, 'node_modules/.cache/samples');
/** Documents with samples, and what the compiler says of each. */
const complaints = new Map<string, string[]>();

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const document of documents) {
    const own = samplesIn(document);
    if (own.length === 0) continue;
    complaints.set(document, []);
    // A guide may use the contract that the README begins with.
    const samples = own.some(({ file }) => file === 'rooms.ts')
      ? own
      : [...own, ...samplesIn('README.md').filter(({ file }) => file === 'rooms.ts')];
    mkdirSync(join(folder, document), { recursive: true });
    for (const { file, text } of samples) writeFileSync(join(folder, document, file), text);
  }
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: { paths: Record<string, string[]> };
  };
  const paths = Object.fromEntries(
    Object.entries(compilerOptions.paths).map(([name, [target = '']]) => [name, [join(root, target)]]),
  );
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { ...compilerOptions, paths, declaration: false, noUnusedLocals: true },
      include: ['.'],
    }),
  );
  // One run of the compiler for all documents: each is a folder, and every sample a module.
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  });
  for (const line of stdout.split('\n').filter(Boolean)) {
    const [document = ''] = documents.filter((name) => line.startsWith(`${name}/`));
    const said = complaints.get(document);
    // What belongs to no document, such as a complaint about the options, is of concern to all.
    if (said) said.push(line);
    else for (const each of complaints.values()) each.push(line);
  }
});

test.each(documents.filter((document) => samplesIn(document).length > 0))('%s', (document) => {
  expect(complaints.get(document)).toEqual([]);
});

test('the README has its first room on its first screen: contract, server and component', () => {
  expect(
    samplesIn('README.md')
      .slice(0, 3)
      .map(({ file }) => file),
  ).toEqual(['rooms.ts', 'server.ts', 'app.tsx']);
});
