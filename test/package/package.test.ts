// The package as npm delivers it: what is in it, its types, what each entry drags into a bundle, and that it runs.
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { build, type InlineConfig } from 'vite';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { root, run } from './pack.js';

interface Manifest {
  readonly version: string;
  readonly bin: { readonly roomful: string };
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** What a server logs with where nobody brings a logger, what counts for Prometheus, and what tells who stands before a proxy. Whoever checks no tokens with `jwt` has no jose. */
const ofServer = [
  '@opentelemetry/api',
  '@pinojs/redact',
  'atomic-sleep',
  'bintrees',
  'forwarded',
  'ipaddr.js',
  'on-exit-leak-free',
  'pino',
  'pino-std-serializers',
  'prom-client',
  'proxy-addr',
  'quick-format-unescaped',
  'safe-stable-stringify',
  'sonic-boom',
  'tdigest',
  'thread-stream',
];

/** Where a file of the consumer's imports each entry, and the packages that its bundle may hold, neither more nor less. */
const apps = {
  roomful: {
    file: 'react.tsx',
    packages: ['partysocket', 'react', 'react-dom', 'roomful', 'scheduler', 'zod', 'zustand'],
    server: false,
  },
  'roomful/room': { file: 'room.ts', packages: ['roomful', 'zod'], server: false },
  'roomful/client': {
    file: 'client.ts',
    packages: ['partysocket', 'roomful', 'zod', 'zustand'],
    server: false,
  },
  'roomful/storage': { file: 'storage.ts', packages: ['roomful'], server: false },
  'roomful/msgpack': { file: 'msgpack.ts', packages: ['@msgpack/msgpack', 'roomful'], server: false },
  'roomful/server': {
    file: 'server.ts',
    packages: ['@msgpack/msgpack', ...ofServer, 'roomful', 'ws', 'zod'].toSorted(),
    server: true,
  },
  'roomful/server/redis': { file: 'redis.ts', packages: ['roomful'], server: false },
  'roomful/status': { file: 'status.tsx', packages: ['react', 'roomful', 'zustand'], server: false },
  'roomful/devtools': { file: 'devtools.tsx', packages: ['react', 'roomful'], server: false },
  'roomful/devtools/production': {
    file: 'devtools-in-production.tsx',
    packages: ['react', 'react-dom', 'roomful'],
    server: false,
  },
  'roomful/testing': {
    file: 'testing.ts',
    packages: ['@msgpack/msgpack', 'partysocket', 'react', 'roomful', 'zod', 'zustand'],
    server: true,
  },
} as const;
type Entry = keyof typeof apps;
const entries = Object.keys(apps) as Entry[];
const isForNode = (entry: Entry): boolean => entry.startsWith('roomful/server');

const serverFunctions = ['createServerCore', 'memoryBroker', 'serve'];

/** What an app installs beside the package, at the versions that this repository is developed with. */
const peers = [
  'react',
  'react-dom',
  'ws',
  'zod',
  '@types/node',
  '@types/react',
  '@types/react-dom',
  'typescript',
];

let manifest: Manifest;
let temporary: string;
let consumer: string;
let packed: readonly string[];

async function install(tarball: string): Promise<void> {
  await mkdir(consumer);
  const dependencies = {
    roomful: `file:${tarball}`,
    ...Object.fromEntries(peers.map((name) => [name, manifest.devDependencies[name]])),
  };
  await writeFile(
    join(consumer, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies }),
  );
  await run(consumer, 'npm', [
    'install',
    '--prefix',
    consumer,
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
  ]);
  await cp(join(import.meta.dirname, 'apps'), join(consumer, 'src'), { recursive: true });
}

interface Bundle {
  /** Packages of which any code is in it. */
  readonly packages: readonly string[];
  /** Modules of Node that it imports, or that a browser would get a stub for. */
  readonly node: readonly string[];
  readonly code: string;
}

function packageOf(module: string): string | null {
  const path = relative(consumer, module).split(sep);
  const at = path.lastIndexOf('node_modules');
  const [scope = '', name = ''] = path.slice(at + 1);
  return at < 0 ? null : scope.startsWith('@') ? `${scope}/${name}` : scope;
}

async function bundle(entry: Entry): Promise<Bundle> {
  const file = join(consumer, 'src', apps[entry].file);
  const forNode = isForNode(entry);
  const config: InlineConfig = {
    configFile: false,
    root: consumer,
    logLevel: 'silent',
    // As a production build resolves: under a test, Vite takes itself for one in development.
    ...(forNode
      ? { ssr: { noExternal: true } }
      : { resolve: { conditions: ['module', 'browser', 'production'] } }),
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      ...(forNode ? { ssr: file } : { lib: { entry: file, formats: ['es'] } }),
    },
  };
  const result = await build(config);
  const outputs = Array.isArray(result) ? result : 'output' in result ? [result] : [];
  const chunks = outputs.flatMap(({ output }) => output).filter((item) => item.type === 'chunk');
  const modules = chunks.flatMap((chunk) => Object.entries(chunk.modules));
  const kept = modules.filter(([, { renderedLength }]) => renderedLength > 0).map(([id]) => id);
  const stubs = modules.map(([id]) => id).filter((id) => id.includes('browser-external'));
  const imports = chunks
    .flatMap((chunk) => chunk.imports)
    .filter((name) => name.startsWith('node:') || builtinModules.includes(name));
  return {
    packages: [...new Set(kept.map(packageOf).filter((name) => name !== null))].toSorted(),
    node: [...stubs, ...imports],
    code: chunks.map(({ code }) => code).join('\n'),
  };
}

beforeAll(async () => {
  manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  temporary = await realpath(await mkdtemp(join(tmpdir(), 'roomful-package-')));
  consumer = join(temporary, 'consumer');
  const { tarball, files } = inject('packed');
  packed = files;
  await install(tarball);
});
afterAll(() => rm(temporary, { recursive: true, force: true }));

describe('the tarball', () => {
  test('holds dist and the documents, and nothing else', () => {
    expect(packed.filter((path) => !path.startsWith('dist/')).toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'PROTOCOL.md',
      'README.md',
      'package.json',
    ]);
    expect(packed.filter((path) => path.startsWith('dist/') && !/\.(js|d\.ts)$/.test(path))).toEqual([]);
  });

  test('has code and types of each entry, side by side, and an app here for each', () => {
    const { './package.json': itself, ...named } = manifest.exports;
    expect(itself).toBe('./package.json');
    expect(
      Object.keys(named)
        .map((name) => name.replace(/^\./, 'roomful'))
        .toSorted(),
    ).toEqual(entries.toSorted());
    for (const target of Object.values(named)) {
      const { types, default: code } = target as { readonly types: string; readonly default: string };
      expect(types).toBe(code.replace(/\.js$/, '.d.ts'));
      expect(packed).toEqual(expect.arrayContaining(Object.values(target).map((file) => file.slice(2))));
      expect(packed).toEqual(expect.arrayContaining([types.slice(2), code.slice(2)]));
    }
  });

  test('names no path of the machine that built it', async () => {
    const texts = await Promise.all(
      packed.map(
        async (path) => [path, await readFile(join(consumer, 'node_modules/roomful', path), 'utf8')] as const,
      ),
    );
    expect(
      texts
        .filter(([, text]) => [inject('packed').folder, temporary, root].some((path) => text.includes(path)))
        .map(([path]) => path),
    ).toEqual([]);
  });
});

describe('types', () => {
  const browserFiles = entries.filter((entry) => !isForNode(entry)).map((entry) => apps[entry].file);

  const nodeFiles = entries.filter(isForNode).map((entry) => apps[entry].file);

  test.each([
    ['bundler', 'browser', 'esnext', [], browserFiles],
    ['nodenext', 'browser', 'nodenext', [], browserFiles],
    ['bundler', 'Node', 'esnext', ['node'], nodeFiles],
    ['nodenext', 'Node', 'nodenext', ['node'], nodeFiles],
  ] as const)(
    'hold in a strict project that resolves as %s, in a %s app, its libraries checked too',
    async (moduleResolution, where, module, types, files) => {
      const project = join(consumer, `tsconfig.${moduleResolution}.${where}.json`);
      const compilerOptions = {
        module,
        moduleResolution,
        types,
        target: 'es2022',
        lib: ['es2022', 'dom', 'dom.iterable'],
        jsx: 'react-jsx',
        noEmit: true,
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        verbatimModuleSyntax: true,
        skipLibCheck: false,
      };
      await writeFile(
        project,
        JSON.stringify({ compilerOptions, files: files.map((file) => `src/${file}`) }),
      );
      expect(
        await run(consumer, join(consumer, 'node_modules/.bin/tsc'), ['-p', project, '--pretty', 'false']),
      ).toBe('');
    },
  );
});

describe('bundles', () => {
  test.each(entries)('%s brings what it needs and nothing more', async (entry) => {
    const { packages, node, code } = await bundle(entry);
    const { server } = apps[entry];
    expect(packages).toEqual(apps[entry].packages);
    expect(code.includes('Faults on purpose')).toBe(entry === 'roomful/devtools/production');
    expect(node.some((name) => name.includes('node:http'))).toBe(entry === 'roomful/server');
    expect(isForNode(entry) ? [] : node).toEqual([]);
    // Chunks are shared and their names say little: functions of the server's tell whether it is there.
    expect(serverFunctions.filter((name) => code.includes(`function ${name}(`))).toEqual(
      server ? serverFunctions : [],
    );
  });
});

test('a message goes from a client through a server to a client, all from the installed package', async () => {
  const printed: unknown = JSON.parse(await run(consumer, process.execPath, ['src/talk.mjs']));
  expect(printed).toEqual({ text: 'hello', from: 'ada', offset: 1, codec: 'msgpack' });
});

test('the ready-made server starts from the installed package', async () => {
  const program = join(consumer, 'node_modules/roomful', manifest.bin.roomful);
  expect((await readFile(program, 'utf8')).split('\n')[0]).toBe('#!/usr/bin/env node');
  expect(await run(consumer, process.execPath, [program, '--version'])).toBe(`${manifest.version}\n`);
  await expect(run(consumer, process.execPath, [program, 'serve'])).rejects.toThrow('no rooms');
});
