// An entry as an app would ship it: bundled from the built library with its dependencies, minified, React left out. What is only fetched when it is needed counts apart.
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'vite';

const entry = 'roomful-bench-entry';

/** The entry's text as a module, so that no file is written for it. */
const fromText = (text) => ({
  name: 'text',
  resolveId: (id) => (id === entry ? `\0${entry}` : null),
  load: (id) => (id === `\0${entry}` ? text : null),
});

/** What Vite adds for modules that are loaded ahead is its own, and there once for all that an app fetches later. */
const withoutPreload = {
  name: 'without-preload',
  enforce: 'pre',
  load: (id) =>
    id.includes('vite/preload-helper') ? 'export const __vitePreload = (load) => load();' : null,
};

/** `from`: the folder whose packages it finds. */
export async function weigh(text, { library, from }) {
  const { output } = await build({
    root: from,
    configFile: false,
    logLevel: 'warn',
    plugins: [fromText(text), withoutPreload],
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: {
      alias: [
        { find: /^roomful\/client$/, replacement: `${library}/client/index.js` },
        { find: /^roomful\/msgpack$/, replacement: `${library}/protocol/msgpack.js` },
        { find: /^roomful\/storage$/, replacement: `${library}/client/storage/index.js` },
        { find: /^roomful$/, replacement: `${library}/index.js` },
      ],
    },
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: entry, external: /^react(-dom)?(\/|$)/, preserveEntrySignatures: 'strict' },
    },
  });
  const chunks = new Map(
    output.filter(({ type }) => type === 'chunk').map((chunk) => [chunk.fileName, chunk]),
  );
  /** A chunk and all that it cannot run without. */
  const withImports = (start, taken = new Set()) => {
    if (!start || taken.has(start)) return taken;
    taken.add(start);
    for (const name of start.imports) withImports(chunks.get(name), taken);
    return taken;
  };
  const all = [...chunks.values()];
  const first = withImports(all.find(({ isEntry }) => isEntry));
  const connected = withImports(
    all.find(({ facadeModuleId }) => facadeModuleId?.endsWith('/client/connection.js')),
    new Set(first),
  );
  const without = (taken, from) => [...from].filter((chunk) => !taken.has(chunk));
  // An app's own entry holds what is needed first in one piece; what is fetched later is compressed apart.
  const brotli = brotliOf([...first].map(({ code }) => code).join('\n'));
  const each = (some) => some.reduce((bytes, { code }) => bytes + brotliOf(code), 0);
  return {
    minified: [...first].reduce((bytes, { code }) => bytes + Buffer.byteLength(code), 0),
    brotli,
    connected: brotli + each(without(first, connected)),
    later: each(without(connected, all)),
  };
}

const brotliOf = (code) =>
  brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
