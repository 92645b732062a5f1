// Finds a Chromium to test with: CHROMIUM_PATH, an installed one, or the one that ships inside @sparticuz/chromium.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

const installed = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Its path, or null. */
export function findChromium() {
  const found = [process.env.CHROMIUM_PATH, ...installed].find((path) => path && existsSync(path));
  if (found !== undefined) return found;
  // The package unpacks to os.tmpdir()/chromium and reuses a file that lies there already, of whatever version: it gets a
  // folder of its own. It runs in a process of its own, since two projects look at once and TMPDIR must not change for others.
  const cache = resolve('node_modules/.cache/chromium-147');
  try {
    mkdirSync(cache, { recursive: true });
    return execFileSync(process.execPath, [resolve('test/support/browser/chromium-path.mjs')], {
      env: { ...process.env, TMPDIR: cache },
      encoding: 'utf8',
    });
  } catch {
    return null;
  }
}
