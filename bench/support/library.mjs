// The library as it is published, built from the source as it is now.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'vite';
import { cache, root } from './places.mjs';

/** Calls `call` with the folder of a fresh build, and removes it afterwards. */
export async function withLibrary(call) {
  const folder = mkdtempSync(`${cache()}/library-`);
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  try {
    await build({ root, configFile: `${root}vite.config.ts`, logLevel: 'warn', build: { outDir: folder } });
    // What the package says of itself to a bundler.
    const { name, type, sideEffects } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    writeFileSync(`${folder}/package.json`, JSON.stringify({ name, type, sideEffects }));
    return await call(folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}
