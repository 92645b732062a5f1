// The vitest projects: which tests run in which environment, and which of them may run beside others.
import { storybookTest } from '@storybook/addon-vitest/vitest-plugin';
import { playwright } from '@vitest/browser-playwright';
import { availableParallelism } from 'node:os';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestProjectConfiguration } from 'vitest/config';
import { chromiumArgs, chromiumPath } from './support/browser/browser.js';
import { findChromium } from './support/browser/find-chromium.mjs';
import { lateCode } from './support/late-code-plugin.js';
import { isSoak } from './support/sizes.js';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Tests that draw many inputs from a seed, and those that go up to bounds that are large. They are not in `npm run test:unit`. */
const propertyFiles = [
  'test/properties/**/*.test.ts',
  'test/simulation/*.test.ts',
  'test/client/{addresses,scenarios}.test.ts',
  'test/client/storage/storage.test.ts',
  'test/server/broker/{made-up-sessions,memory-broker}.test.ts',
  'test/server/connection/unidentified-connections.test.ts',
  'test/server/delivery/{catch-up,member-list,room-rate,sent-bytes}.test.ts',
  'test/server/frames/join-isolation.test.ts',
  'test/server/members/presence-memory.test.ts',
  'test/server/node/redis/script-runner.test.ts',
  'test/server/util/frame-splitting.test.ts',
];

/** Pure tests, on virtual clocks and in one process: they share the modules that they import. */
const unitFiles = ['test/{protocol,contract,client,server}/**/*.test.ts'];

/** Every test with a client of its own, once more with code of the connection that comes late. */
const lateFiles = [
  'test/client/*.test.ts',
  'test/client/storage/*.test.ts',
  'test/client/machine/{connection/token,outbox/put-off,room/presence}.test.ts',
  'test/properties/{hostile-server,outbox-across-reloads}.test.ts',
];

/** Components run with the React that is developed with, and with the oldest that the package allows. */
const componentFiles = ['test/{react,testing,devtools,status}/**/*.test.{ts,tsx}'];

/** Tests that compare times of one run with each other. They run after all others, one file at a time. */
const timedFiles = ['test/fuzz/**/*.test.ts'];

/** Tests that only `npm run soak` runs. */
const soakFiles = [
  'test/bench/**/*.test.ts',
  'test/e2e/reconnect-spread.test.ts',
  'test/package/nextjs.test.ts',
  'test/redis/rolling.test.ts',
];

/** Threads for pure tests: one a core. */
const unitWorkers = Math.max(2, availableParallelism());
/** Processes for tests that mostly wait for sockets and for other processes. */
const systemWorkers = Math.max(3, availableParallelism() + 1);

const pure = { environment: 'node', pool: 'threads', isolate: false, maxWorkers: unitWorkers } as const;
const components = {
  environment: 'jsdom' as const,
  setupFiles: ['test/support/browser/patient-components.ts'],
  maxWorkers: unitWorkers,
};

/** `npm test` installs these folders. A run of vitest by itself leaves out what is not installed. */
const isInstalled = (folder: string): boolean => existsSync(at(`${folder}/node_modules/.package-lock.json`));
/** Installs, builds and processes take as long as the registry and a busy machine need. What is waited for fails after 110 s. */
const patient = { testTimeout: 900_000, hookTimeout: 900_000 };

const hasChromium = findChromium() !== null;
/** Tests that need Chromium. Without it they are left out: `npm test` says so, and fails under CI. */
const chromiumFiles = ['test/e2e/browser/**/*.test.ts', 'test/package/nextjs.test.ts'];
/** Files that this run leaves out of every project. */
const leftOut = [
  ...(isSoak ? [] : soakFiles),
  ...(hasChromium ? [] : chromiumFiles),
  ...(isInstalled('../docs/reference') ? [] : ['test/docs/reference.test.ts']),
];

const browser = () => ({
  enabled: true,
  headless: true,
  screenshotFailures: false,
  provider: playwright({
    launchOptions: { executablePath: chromiumPath(), args: chromiumArgs, chromiumSandbox: false },
  }),
  instances: [{ browser: 'chromium' as const }],
});

const react18Project: TestProjectConfiguration = {
  extends: true,
  resolve: {
    alias: [
      {
        find: /^(react|react-dom|zustand|@testing-library\/react)(?=$|\/)/,
        replacement: at('./react-18/node_modules/$1'),
      },
    ],
  },
  test: {
    ...components,
    name: 'react-18',
    include: [...componentFiles, 'test/react-18/*.test.ts'],
    exclude: ['test/react/activity.test.tsx'],
  },
};

const browserProjects = (): TestProjectConfiguration[] => [
  {
    extends: true,
    test: {
      name: 'browser',
      include: ['test/browser/**/*.test.{ts,tsx}'],
      globalSetup: ['test/browser/global-setup.ts'],
      browser: browser(),
      maxWorkers: unitWorkers,
    },
    optimizeDeps: {
      include: [
        'partysocket/ws',
        'zustand/vanilla',
        'zustand',
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
    test: { name: 'storybook', browser: browser(), maxWorkers: unitWorkers },
  },
];

export const projects = (): TestProjectConfiguration[] => [
  { extends: true, test: { ...pure, name: 'unit', include: unitFiles, exclude: propertyFiles } },
  { extends: true, test: { ...components, name: 'dom', include: componentFiles } },
  { extends: true, test: { ...pure, name: 'properties', include: propertyFiles } },
  { extends: true, plugins: [lateCode()], test: { ...pure, name: 'late-code', include: lateFiles } },
  ...(isInstalled('./react-18') ? [react18Project] : []),
  {
    extends: true,
    test: {
      name: 'system',
      environment: 'node',
      ...patient,
      include: [
        'test/{architecture,docs,e2e,redis}/**/*.test.ts',
        ...(isSoak ? ['test/bench/**/*.test.ts'] : []),
      ],
      exclude: [...timedFiles, ...leftOut],
      sequence: { groupOrder: 1 },
      maxWorkers: systemWorkers,
    },
  },
  {
    extends: true,
    test: {
      name: 'package',
      environment: 'node',
      include: ['test/package/**/*.test.ts'],
      exclude: leftOut,
      globalSetup: ['test/package/global-setup.ts'],
      ...patient,
      sequence: { groupOrder: 1 },
      maxWorkers: systemWorkers,
    },
  },
  ...(hasChromium ? browserProjects() : []),
  {
    extends: true,
    test: {
      name: 'timed',
      environment: 'node',
      ...patient,
      include: timedFiles,
      sequence: { groupOrder: 2 },
      maxWorkers: 1,
    },
  },
];
