// `npm run docs:api`: writes docs/api from the docstrings. With `--check`, whether it is what it would write.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const target = join(root, 'docs/api');

/** Where each entry's names come from, under the name that apps import it by. */
const entries = {
  roomful: 'src/index.ts',
  'roomful/room': 'src/contract/index.ts',
  'roomful/client': 'src/client/index.ts',
  'roomful/storage': 'src/client/storage/index.ts',
  'roomful/msgpack': 'src/protocol/msgpack.ts',
  'roomful/server': 'src/server/node/index.ts',
  'roomful/server/redis': 'src/server/node/redis/index.ts',
  'roomful/status': 'src/status/index.ts',
  'roomful/devtools': 'src/devtools/index.ts',
  'roomful/testing': 'src/testing/index.ts',
};

const install = () => {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: here,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0)
    throw new Error('what writes the reference could not be installed: run `npm ci` in docs/reference');
};
if (!existsSync(join(here, 'node_modules/.package-lock.json'))) install();

/** As typedoc calls an entry, and as its file is called here. */
const own = Object.entries(entries).map(([name, file]) => {
  const module = file.replace(/^src\//, '').replace(/\/index\.ts$|\.ts$/, '');
  return {
    name,
    module,
    made: `${module.replaceAll('/', '.')}.md`,
    file: `${name.replace(/^roomful\//, '').replaceAll('/', '-')}.md`,
  };
});

function generate() {
  const out = mkdtempSync(join(tmpdir(), 'roomful-api-'));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(here, 'node_modules/typedoc/bin/typedoc'),
      ...Object.values(entries).flatMap((file) => ['--entryPoints', join(root, file)]),
      '--tsconfig',
      join(root, 'tsconfig.build.json'),
      '--plugin',
      join(here, 'node_modules/typedoc-plugin-markdown/dist/index.js'),
      '--out',
      out,
      '--name',
      'Roomful',
      '--readme',
      'none',
      '--logLevel',
      'Error',
      // The compiler that the project is checked with is another.
      '--skipErrorChecking',
      '--disableSources',
      '--hideGenerator',
      '--excludeExternals',
      '--excludePrivate',
      '--router',
      'module',
      '--flattenOutputFiles',
      'true',
      '--hidePageHeader',
      'true',
      '--hideBreadcrumbs',
      'true',
      '--useCodeBlocks',
      'true',
      '--parametersFormat',
      'table',
      '--interfacePropertiesFormat',
      'table',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
  const pages = new Map();
  for (const { name, made, file } of own) {
    let text = readFileSync(join(out, made), 'utf8').replace(/^# .*\n/, `# \`${name}\`\n`);
    for (const other of own) text = text.replaceAll(`](${other.made}`, `](${other.file}`);
    pages.set(file, `${text.trimEnd()}\n`);
  }
  rmSync(out, { recursive: true, force: true });
  const list = own.map(({ name, file }) => `- [\`${name}\`](${file})`).join('\n');
  pages.set(
    'README.md',
    `# API reference\n\nEvery export, from its docstring: \`npm run docs:api\` writes these pages, and a test holds them to the code.\n\n${list}\n`,
  );
  return pages;
}

const pages = generate();
if (process.argv.includes('--check')) {
  const found = existsSync(target) ? readdirSync(target) : [];
  const wrong = [...new Set([...pages.keys(), ...found])].filter(
    (file) =>
      !pages.has(file) ||
      !found.includes(file) ||
      readFileSync(join(target, file), 'utf8') !== pages.get(file),
  );
  if (wrong.length > 0) {
    console.error(`docs/api is not what the docstrings say: ${wrong.join(', ')}. Run \`npm run docs:api\`.`);
    process.exitCode = 1;
  }
} else {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const [file, text] of pages) writeFileSync(join(target, file), text);
}
