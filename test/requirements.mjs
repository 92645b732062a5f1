// What the tests need beside npm packages: it is installed where that is possible, and missed loudly where it is not.
import { installPackages, isInstalled } from './install.mjs';

/**
 * @typedef {object} Requirement
 * @property {string} name
 * @property {string} tests the tests that are left out without it
 * @property {() => boolean} isThere
 * @property {() => void} install
 */

/** @returns {Promise<readonly Requirement[]>} */
async function requirements() {
  const { missingLibraries, installLibraries } = await import('./support/browser/chromium-libraries.mjs');
  const { installSystemPackages } = await import('./support/system-packages.mjs');
  const { findChromium } = await import('./support/browser/find-chromium.mjs');
  const { findRedis } = await import('./support/redis/redis-path.mjs');
  const { findHaproxy, findNginx } = await import('./support/network/balancer-paths.mjs');
  return [
    {
      name: 'Chromium with its libraries',
      tests: 'test/browser, test/e2e/browser, the stories and the Next.js example',
      isThere: () => !missingLibraries() && findChromium() !== null,
      install: installLibraries,
    },
    {
      name: 'redis-server',
      tests: 'test/redis and the tests of several nodes in test/e2e',
      isThere: () => findRedis() !== null,
      install: () => installSystemPackages(['redis-server'], 'tests with Redis'),
    },
    {
      name: 'nginx',
      tests: 'the tests behind nginx in test/e2e',
      isThere: () => findNginx() !== null,
      install: () => installSystemPackages(['nginx'], 'tests behind balancers'),
    },
    {
      name: 'HAProxy',
      tests: 'the tests behind HAProxy in test/e2e',
      isThere: () => findHaproxy() !== null,
      install: () => installSystemPackages(['haproxy'], 'tests behind balancers'),
    },
    ...[
      ['test/react-18', 'React 18.3', 'the components with React 18.3'],
      ['docs/reference', 'the compiler that writes docs/api', 'test/docs/reference.test.ts'],
    ].map(([folder, name, tests]) => ({
      name,
      tests,
      isThere: () => isInstalled(folder),
      install: () => installPackages(folder),
    })),
  ];
}

/** Installs what is missing. Returns a sentence for each requirement that could not be met. */
export async function meetRequirements() {
  const unmet = [];
  for (const { name, tests, isThere, install } of await requirements()) {
    if (!isThere()) {
      try {
        install();
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
      }
    }
    if (!isThere()) unmet.push(`${name} could not be installed: ${tests} are left out`);
  }
  return unmet;
}
