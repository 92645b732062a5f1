// An entry as an app would ship it: bundled from the built library with its dependencies, minified, React left out.
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'vite';
import { root } from '../support/places.mjs';

const entry = 'roomful-bench-entry';

/** The entry's text as a module, so that no file is written for it. */
const fromText = (text) => ({
  name: 'text',
  resolveId: (id) => (id === entry ? `\0${entry}` : null),
  load: (id) => (id === `\0${entry}` ? text : null),
});

export async function weigh(text, library) {
  const { output } = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [fromText(text)],
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: {
      alias: [
        { find: /^roomful\/client$/, replacement: `${library}/client/index.js` },
        { find: /^roomful\/msgpack$/, replacement: `${library}/protocol/msgpack.js` },
        { find: /^roomful$/, replacement: `${library}/index.js` },
      ],
    },
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: entry, external: /^react(-dom)?(\/|$)/, preserveEntrySignatures: 'strict', output: { codeSplitting: false } },
    },
  });
  const bytes = Buffer.concat(output.map(({ code }) => Buffer.from(code)));
  return { minified: bytes.length, brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length };
}
