import react from '@vitejs/plugin-react';
import { storybookTest } from '@storybook/addon-vitest/vitest-plugin';
import { playwright } from '@vitest/browser-playwright';
import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { chromiumArgs, findChromium } from './test/support/browser.js';

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

const browser = () => ({
  enabled: true,
  headless: true,
  screenshotFailures: false,
  provider: playwright({
    launchOptions: { executablePath: findChromium(), args: chromiumArgs, chromiumSandbox: false },
  }),
  instances: [{ browser: 'chromium' as const }],
});

/** With the React that is developed with, and with the oldest that there may be. */
const components = ['test/{react,testing,devtools,status}/**/*.test.{ts,tsx}'];

/** What is timed, or takes every core that there is: after all others, one file at a time. */
const alone = [
  'test/bench/**/*.test.ts',
  'test/fuzz/**/*.test.ts',
  'test/e2e/{browser,processes}/*.test.ts',
  'test/e2e/{door,herd,paused-reader}.test.ts',
  'test/redis/{faults,rolling}.test.ts',
];

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
      output: { chunkFileNames: 'shared/[name]-[hash].js' },
    },
  },
  test: {
    // Longer than a busy machine needs: only what never ends takes as long.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects:
      mode !== 'test'
        ? []
        : [
            {
              extends: true,
              test: {
                name: 'node',
                environment: 'node',
                include: [
                  'test/{protocol,contract,client,server,simulation,docs,e2e,package,redis}/**/*.test.ts',
                ],
                exclude: alone,
              },
            },
            {
              extends: true,
              test: {
                name: 'alone',
                environment: 'node',
                include: alone,
                sequence: { groupOrder: 1 },
                maxWorkers: 1,
              },
            },
            {
              extends: true,
              test: {
                name: 'dom',
                environment: 'jsdom',
                include: components,
                setupFiles: ['test/support/patient-components.ts'],
              },
            },
            {
              extends: true,
              resolve: {
                alias: [
                  {
                    find: /^(react|react-dom|zustand|@testing-library\/react)(?=$|\/)/,
                    replacement: at('./test/react-18/node_modules/$1'),
                  },
                ],
              },
              test: {
                name: 'react-18',
                environment: 'jsdom',
                include: [...components, 'test/react-18/*.test.ts'],
                setupFiles: ['test/support/patient-components.ts'],
              },
            },
            {
              extends: true,
              test: {
                name: 'browser',
                include: ['test/browser/**/*.test.{ts,tsx}'],
                globalSetup: ['test/browser/global-setup.ts'],
                browser: browser(),
              },
              optimizeDeps: {
                include: [
                  'partysocket/ws',
                  'zustand/vanilla',
                  'zustand',
                  'zustand/react/shallow',
                  'react',
                  'react/jsx-dev-runtime',
                  'react-dom/client',
                  '@msgpack/msgpack',
                  'zod',
                ],
              },
            },
            {
              extends: true,
              plugins: [storybookTest({ configDir: '.storybook' })],
              test: { name: 'storybook', browser: browser() },
            },
          ],
  },
}));
