import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The package by its public names, from source. */
const names = {
  'roomful/room': at('./src/contract/index.ts'),
  'roomful/client': at('./src/client/index.ts'),
  'roomful/storage': at('./src/client/storage/index.ts'),
  'roomful/msgpack': at('./src/protocol/msgpack.ts'),
  'roomful/server/redis': at('./src/server/node/redis/index.ts'),
  'roomful/server': at('./src/server/node/index.ts'),
  'roomful/devtools/production': at('./src/devtools/index.ts'),
  'roomful/devtools': at('./src/devtools/index.ts'),
  'roomful/status': at('./src/status/index.ts'),
  'roomful/testing': at('./src/testing/index.ts'),
  roomful: at('./src/index.ts'),
};

export default defineConfig(async ({ mode }): Promise<ViteUserConfig> => ({
  plugins: [react()],
  resolve: { alias: names },
  build: {
    target: 'es2022',
    sourcemap: false,
    minify: false,
    // An app's bundler decides what to load ahead.
    modulePreload: false,
    emptyOutDir: true,
    lib: {
      formats: ['es'],
      entry: {
        index: 'src/index.ts',
        'contract/index': 'src/contract/index.ts',
        'client/index': 'src/client/index.ts',
        'client/storage/index': 'src/client/storage/index.ts',
        'protocol/msgpack': 'src/protocol/msgpack.ts',
        'server/node/index': 'src/server/node/index.ts',
        'server/node/redis/index': 'src/server/node/redis/index.ts',
        'server/node/cli/main': 'src/server/node/cli/main.ts',
        'testing/index': 'src/testing/index.ts',
        'status/index': 'src/status/index.ts',
        'devtools/index': 'src/devtools/index.ts',
        'devtools/absent': 'src/devtools/absent.ts',
      },
    },
    rolldownOptions: {
      external: (id: string) => !id.startsWith('.') && !id.startsWith('/'),
      // A file each, so that an app's bundler leaves out what the app does not use.
      output: { preserveModules: true, preserveModulesRoot: 'src', entryFileNames: '[name].js' },
    },
  },
  test: {
    // The runner's own bound, in ms. test/projects.ts gives installs, builds and processes longer.
    testTimeout: process.env['SOAK'] === '1' ? 900_000 : 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 110_000, interval: 20 } },
    projects: mode === 'test' ? (await import('./test/projects.js')).projects() : [],
  },
}));
