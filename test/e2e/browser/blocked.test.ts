// A network that blocks WebSocket: real Chromium, real nginx that refuses the upgrade, two nodes over a real Redis.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing, startBalancer, type Balancer } from '../../support/network/balancers.js';
import { readyMades, type ReadyMade, type ReadyMades } from '../../support/server/ready-made.js';
import { noRedis, startRedis, type TestRedis } from '../../support/redis/redis.js';
import { bundleAll, heard, joined, launch, upTo } from './world.js';

describe.skipIf(missing.nginx || noRedis)('behind nginx that refuses upgrades', () => {
  let browser: Browser;
  let servers: ReadyMades;
  let redis: TestRedis;
  let http: Server;
  let nodes: readonly ReadyMade[];
  let balancer: Balancer | undefined;
  let origin: string;

  beforeAll(async () => {
    const [launched, scripts, made, started] = await Promise.all([
      launch(),
      bundleAll(),
      readyMades(),
      startRedis(),
    ]);
    [browser, servers, redis] = [launched, made, started];
    http = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://page');
      const script = scripts.get(pathname.slice(1));
      const page = `<!doctype html><title>page</title><script>var where = 'ws://127.0.0.1:${balancer?.port ?? 0}/realtime'</script><script type="module" src="/${[...scripts.keys()][0] ?? ''}"></script>`;
      response
        .writeHead(200, { 'content-type': script === undefined ? 'text/html' : 'text/javascript' })
        .end(script ?? page);
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    nodes = await Promise.all(
      ['a', 'b'].map((node) =>
        servers.start([
          '--untyped',
          '--anonymous',
          '--redis',
          `redis://127.0.0.1:${redis.port}`,
          '--node',
          node,
          '--origin',
          origin,
        ]),
      ),
    );
    balancer = await startBalancer('nginx', [nodes[0]?.port ?? 0, nodes[1]?.port ?? 0], (text) => {
      const refused = text.replace(/location = \/realtime \{[^}]*\}/, 'location = /realtime { return 403; }');
      if (refused === text) throw new Error('nginx.conf has no such location any more');
      return refused;
    });
  });
  afterAll(async () => {
    await browser.close();
    await balancer?.close();
    http.close();
    http.closeAllConnections();
    await servers.close();
    await redis.stop('SIGKILL');
  });

  const connectionsOf = async ({ port }: ReadyMade): Promise<number> =>
    ((await (await fetch(`http://127.0.0.1:${port}/health/live`)).json()) as { readonly connections: number })
      .connections;

  async function open(by: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${origin}/?by=${by}&user=${by}`);
    await joined(page);
    return page;
  }

  test('pages chat over HTTP across both nodes, and go on where one of these is killed', async () => {
    const pages: Page[] = [];
    // Which node a connection belongs to is a hash of its id.
    while (pages.length < 2 || (await Promise.all(nodes.map(connectionsOf))).includes(0))
      pages.push(await open(`page-${pages.length}`));
    expect(await Promise.all(pages.map((page) => page.evaluate(() => app.transport())))).toEqual(
      pages.map(() => 'http'),
    );
    await Promise.all(
      pages.map((page) =>
        page.evaluate(() => {
          app.say(0, 20);
        }),
      ),
    );
    for (const page of pages)
      for (const [index] of pages.entries())
        await expect.poll(() => heard(page, `page-${index}`)).toEqual(upTo(20));
    nodes[0]?.process.kill('SIGKILL');
    await Promise.all(
      pages.map((page) =>
        page.evaluate(() => {
          app.say(20, 40);
        }),
      ),
    );
    for (const page of pages)
      for (const [index] of pages.entries())
        await expect.poll(() => heard(page, `page-${index}`)).toEqual(upTo(40));
    expect(await Promise.all(pages.map((page) => page.evaluate(() => app.resets)))).toEqual(
      pages.map(() => []),
    );
    await expect.poll(() => connectionsOf(nodes[1] as ReadyMade)).toBe(pages.length);
  });
});
