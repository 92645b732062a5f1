// A real browser before a real server: pages and realtime on one port of this process, and the server's log to hold them to.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type LaunchOptions, type Page } from 'playwright';
import { build, type Rolldown } from 'vite';
import { expect, onTestFinished } from 'vitest';
import {
  createRealtimeServer,
  memoryBroker,
  serve,
  type LogPage,
  type RealtimeServer,
  type ServerOptions,
} from '../../../src/server/node/index.js';
import { chromiumArgs, chromiumPath } from '../../support/browser/browser.js';
import { line, type Said } from './line.js';
// For `app` and `where`, which functions see that run in the page.
import type {} from './page.js';

/** The page's script, as an app's bundler makes it of the sources, and what it fetches when it is needed: by name, the first is the page's. `whole`: all in one. */
export async function bundleAll(whole = false): Promise<ReadonlyMap<string, string>> {
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry: fileURLToPath(new URL('page.ts', import.meta.url)), formats: ['es'] },
      rolldownOptions: { output: { codeSplitting: !whole } },
    },
  })) as Rolldown.RolldownOutput[];
  return new Map(
    built[0]?.output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file.code] as const] : [])),
  );
}

/** The page's script, in one. */
export const bundle = async (): Promise<string> => [...(await bundleAll(true)).values()][0] ?? '';

const options = (): LaunchOptions => ({
  executablePath: chromiumPath(),
  // A Chromium that has both headless modes is a whole browser in the newer one; one that has only the older ignores it.
  args: [...chromiumArgs, '--headless=new'],
  chromiumSandbox: false,
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
});

async function started<T>(launching: () => Promise<T>): Promise<T> {
  try {
    return await launching();
  } catch (error) {
    throw new Error(
      'There is no Chromium to test with: run npm test, which fetches one, or set CHROMIUM_PATH.',
      { cause: error },
    );
  }
}

export const launch = (): Promise<Browser> => started(() => chromium.launch(options()));

/** A browser that has its files in a folder, as one has that people use. Closed when the test ends. */
export async function launchOn(folder: string): Promise<BrowserContext> {
  const context = await started(() => chromium.launchPersistentContext(folder, options()));
  onTestFinished(() => context.close());
  return context;
}

export interface World {
  /** Where pages are; they come whether realtime runs or not. */
  readonly origin: string;
  /** Where served pages find the realtime server. */
  where: string;
  readonly realtime: RealtimeServer;
  start(options?: Partial<ServerOptions>): void;
  stop(): Promise<void>;
  /** The numbers that somebody's messages have in the log, in its order. */
  logged(by: string): Promise<number[]>;
  /** The members by whom the log has somebody's messages. */
  senders(by: string): Promise<string[]>;
  open(
    context: BrowserContext,
    by: string,
    options?: { readonly stored?: boolean; readonly user?: string },
  ): Promise<Page>;
}

export async function startWorld(script: string, settings: Partial<ServerOptions> = {}): Promise<World> {
  const broker = memoryBroker();
  const http = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const [type, body] =
      pathname === '/page.js'
        ? ['text/javascript', script]
        : pathname === '/'
          ? [
              'text/html',
              `<!doctype html><title>page</title><script>var where = ${JSON.stringify(world.where)}</script><script type="module" src="/page.js"></script>`,
            ]
          : ['text/html', '<!doctype html><title>elsewhere</title>'];
    // Not `no-store`, which would bar pages from the back-forward cache.
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache' }).end(body);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  const entries = async (by: string): Promise<LogPage['entries']> => {
    const page = (await broker.read('line', { before: null, limit: 100_000 })) as LogPage;
    return page.entries.filter((entry) => (entry[8] as Said).by === by);
  };

  let realtime: RealtimeServer | null = null;
  const world: World = {
    origin: `http://${host}`,
    where: `ws://${host}/realtime`,
    get realtime() {
      if (!realtime) throw new Error('realtime is stopped');
      return realtime;
    },
    start(more) {
      realtime = createRealtimeServer({
        rooms: [serve(line, { history: { limit: 20_000 }, presence: true })],
        authenticate: ({ token }) => (token === null ? null : { id: token }),
        broker,
        ...settings,
        ...more,
      });
      realtime.attach(http);
    },
    async stop() {
      await realtime?.close();
      realtime = null;
    },
    logged: async (by) => (await entries(by)).map((entry) => (entry[8] as Said).number),
    senders: async (by) => [...new Set((await entries(by)).map((entry) => entry[5]?.[0] ?? ''))],
    async open(context, by, { stored = false, user = 'ada' } = {}) {
      const page = await context.newPage();
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().includes('WebSocket connection'))
          console.error(`${by}: ${message.text()}`);
      });
      page.on('pageerror', (error) => {
        console.error(`${by}:`, error);
      });
      await page.goto(`${world.origin}/?by=${by}&user=${user}${stored ? '&stored' : ''}`);
      return page;
    },
  };
  onTestFinished(async () => {
    await world.stop();
    http.close();
    http.closeAllConnections();
  });
  world.start();
  return world;
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function reaches(page: Page, read: () => string, wanted: string): Promise<void> {
  await expect.poll(() => page.evaluate(read)).toBe(wanted);
}
export const status = (page: Page, wanted: string): Promise<void> =>
  reaches(page, () => app.status(), wanted);
export const joined = (page: Page): Promise<void> => reaches(page, () => app.joined(), 'joined');

/** What the log has of somebody's messages once it has so many, or never will: each is to be there once, in order. */
export async function delivered(world: World, by: string, count: number): Promise<number[]> {
  await expect.poll(async () => (await world.logged(by)).length).toBeGreaterThanOrEqual(count);
  return world.logged(by);
}

/** The numbers that somebody's messages have which a page heard. */
export const heard = (page: Page, by: string): Promise<number[]> =>
  page.evaluate((who) => app.heard.filter((said) => said.by === who).map(({ number }) => number), by);

/** Nothing waits, in the page or in its storage. */
export async function empty(page: Page, stored = false): Promise<void> {
  await expect.poll(() => page.evaluate(() => app.waiting())).toBe(0);
  if (stored) await expect.poll(() => page.evaluate(() => app.records())).toBe(0);
}
