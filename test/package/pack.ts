// The package as npm would publish it, built and packed in a copy of the repository: `dist` may be in use by others.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

export const root: string = join(import.meta.dirname, '../..');

const execute = promisify(execFile);

/** Runs a command to its end, and returns what it printed. Fails with what it printed. */
export async function run(
  cwd: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  try {
    return (
      await execute(command, args, {
        cwd,
        env: { ...process.env, NODE_ENV: 'production', ...env },
        maxBuffer: 2 ** 26,
      })
    ).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error });
  }
}

export interface Packed {
  /** Where it was built and packed. */
  readonly folder: string;
  readonly tarball: string;
  /** What is in it. */
  readonly files: readonly string[];
}

/** @param temporary a folder of the caller's, where the copy and the tarball go. */
export async function pack(temporary: string): Promise<Packed> {
  const copy = join(temporary, 'repository');
  const left = new Set(['node_modules', '.git', 'dist', 'storybook-static', '.next']);
  const kept = (path: string): boolean => !left.has(basename(path));
  await mkdir(copy);
  // One by one: the folder for temporary files may lie inside the repository, which as a whole does not go into itself.
  for (const name of (await readdir(root)).filter(kept))
    await cp(join(root, name), join(copy, name), { recursive: true, filter: kept });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  await run(copy, 'npm', ['run', 'build']);
  const [{ filename, files } = { filename: '', files: [] }] = JSON.parse(
    await run(copy, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', temporary]),
  ) as { readonly filename: string; readonly files: readonly { readonly path: string }[] }[];
  return { folder: temporary, tarball: join(temporary, filename), files: files.map(({ path }) => path) };
}
