// Builds and packs the package once for all tests of it.
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { pack, type Packed } from './pack.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The package as npm would publish it. */
    readonly packed: Packed;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'roomful-packed-')));
  project.provide('packed', await pack(folder));
  return () => rm(folder, { recursive: true, force: true });
}
