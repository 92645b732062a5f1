// Bundles a module of ours for a process or a worker of its own, which then starts in milliseconds.
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { build } from 'vite';

const root = resolve(import.meta.dirname, '../..');

/** Bundles the files, by their paths in the repository. Returns where each is, and what removes them. */
export async function bundle(entries, plugins = []) {
  const out = await mkdtemp(join(tmpdir(), 'roomful-bundle-'));
  const input = Object.fromEntries(
    entries.map((entry) => [basename(entry).replace(/\.\w+$/, ''), join(root, entry)]),
  );
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins,
    build: {
      ssr: true,
      outDir: out,
      emptyOutDir: false,
      minify: false,
      target: 'node20',
      rolldownOptions: { input, output: { entryFileNames: '[name].mjs' } },
    },
  });
  await symlink(join(root, 'node_modules'), join(out, 'node_modules'), 'dir');
  return {
    files: Object.keys(input).map((name) => join(out, `${name}.mjs`)),
    remove: () => rm(out, { recursive: true, force: true }),
  };
}
