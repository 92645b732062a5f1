// What befalls pages: a device without a network, a tab that is frozen, a lid that is closed, leaving and coming back, a crash. Real Chromium, real server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../../src/client/index.js';
import { serve, type ServedRoom } from '../../../src/server/node/index.js';
import { startFaultProxy } from '../../support/network/fault-proxy.js';
import { line, type Said } from './line.js';
import {
  bundle,
  delivered,
  empty,
  heard,
  joined,
  launch,
  launchOn,
  startWorld,
  status,
  upTo,
  type World,
} from './world.js';

let browser: Browser;
let script: string;
beforeAll(async () => {
  [browser, script] = await Promise.all([launch(), bundle()]);
});
afterAll(() => browser.close());

async function newContext(): Promise<BrowserContext> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  return context;
}

/** Somebody else, who speaks from this process, which nothing befalls. */
function other({ where }: World): (from: number, to: number) => Promise<unknown> {
  const client = createClient({ url: where, token: 'grace', WebSocket });
  onTestFinished(() => {
    client.close();
  });
  const room = client.room(line);
  client.connect();
  return (from, to) =>
    Promise.all(upTo(to - from).map((index) => room.send('say', { by: 'other', number: from + index })));
}

/** A room whose server holds messages up while it handles them. `hold`: resolves once this one is there, with what lets it pass. */
function turnstile(): {
  readonly rooms: readonly ServedRoom[];
  readonly hold: (number: number) => Promise<() => void>;
} {
  const held = new Map<number, { readonly arrive: () => void; readonly passed: Promise<void> }>();
  const say = async ({ data: { number } }: { readonly data: Said }): Promise<void> => {
    const it = held.get(number);
    it?.arrive();
    await it?.passed;
  };
  return {
    rooms: [serve(line, { history: { limit: 20_000 }, on: { say } })],
    hold: (number) =>
      new Promise((resolve) => {
        let pass = (): void => undefined;
        const passed = new Promise<void>((settle) => {
          pass = settle;
        });
        held.set(number, {
          arrive: () => {
            resolve(pass);
          },
          passed,
        });
      }),
  };
}

async function crash(context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  // A page that crashed answers nothing.
  session.send('Page.crash').catch(() => undefined);
  await crashed;
}

/** The page has heard what somebody else said, all of it once and in order, and was never told to start anew. */
async function caughtUp(page: Page, by: string, count: number): Promise<void> {
  await expect.poll(async () => (await heard(page, by)).length).toBeGreaterThanOrEqual(count);
  expect(await heard(page, by)).toEqual(upTo(count));
  expect(await page.evaluate(() => app.resets)).toEqual([]);
}

async function processesOf(
  its: Browser | null,
): Promise<readonly { readonly type: string; readonly id: number }[]> {
  const session = await its?.newBrowserCDPSession();
  return (await session?.send('SystemInfo.getProcessInfo'))?.processInfo ?? [];
}

/** Stops processes of the browser, as an operating system does that freezes a tab or sleeps. Returns what lets them go on. */
async function stop(...types: readonly string[]): Promise<() => void> {
  const stopped = (await processesOf(browser)).flatMap(({ type, id }) =>
    types.length === 0 || types.includes(type) ? id : [],
  );
  const signal = (name: NodeJS.Signals): void => {
    for (const id of stopped) process.kill(id, name);
  };
  const resume = (): void => {
    signal('SIGCONT');
  };
  onTestFinished(resume);
  signal('SIGSTOP');
  return resume;
}

test.each([
  { stored: false, lost: false },
  { stored: true, lost: false },
  { stored: false, lost: true },
  { stored: true, lost: true },
])(
  'offline and back, with storage: $stored, the link given up meanwhile: $lost',
  async ({ stored, lost }) => {
    const world = await startWorld(script);
    const context = await newContext();
    const page = await world.open(context, 'page', { stored });
    const say = other(world);
    await joined(page);
    await say(0, 10);
    // In Chromium that is a stall: the socket stays open, and nothing passes.
    await context.setOffline(true);
    await page.evaluate(() => {
      app.say(0, 100);
    });
    await say(10, 60);
    if (lost) await status(page, 'offline');
    await page.evaluate(() => {
      app.say(100, 200);
    });
    await say(60, 100);
    expect(await world.logged('page')).toEqual([]);
    await context.setOffline(false);
    expect(await delivered(world, 'page', 200)).toEqual(upTo(200));
    await caughtUp(page, 'other', 100);
    // Where the machine is slow, the link is given up in either case.
    expect(lost ? ['recovered'] : ['exact', 'recovered']).toContain(
      await page.evaluate(() => app.continuity()),
    );
    await empty(page, stored);
  },
);

test.each([{ stored: false }, { stored: true }])(
  'a tab that is frozen for longer than its heartbeat, with storage: $stored',
  async ({ stored }) => {
    const world = await startWorld(script, { heartbeat: { interval: 200, timeout: 600 } });
    const page = await world.open(await newContext(), 'page', { stored });
    const say = other(world);
    await joined(page);
    await page.evaluate(() => {
      // Due while nothing runs: said the moment the page wakes, before it can know anything.
      setTimeout(() => {
        app.say(0, 50);
      }, 200);
    });
    const resume = await stop('renderer');
    await say(0, 50);
    await new Promise((resolve) => {
      setTimeout(resolve, 1_500);
    });
    await say(50, 100);
    // The browser answers the pings of the transport for a page that is frozen: the server goes on believing in it.
    expect(world.realtime.stats().connections).toBe(2);
    expect(await world.logged('page')).toEqual([]);
    resume();
    expect(await delivered(world, 'page', 50)).toEqual(upTo(50));
    await caughtUp(page, 'other', 100);
    await empty(page, stored);
  },
);

test.each([{ stored: false }, { stored: true }])(
  'a machine that sleeps until its server gave it up, with storage: $stored',
  async ({ stored }) => {
    const world = await startWorld(script, { heartbeat: { interval: 200, timeout: 600 } });
    const page = await world.open(await newContext(), 'page', { stored });
    const say = other(world);
    await joined(page);
    await page.evaluate(() => {
      setTimeout(() => {
        app.say(0, 50);
      }, 200);
    });
    const resume = await stop();
    await say(0, 50);
    await expect.poll(() => world.realtime.stats().connections).toBe(1);
    await say(50, 100);
    resume();
    expect(await delivered(world, 'page', 50)).toEqual(upTo(50));
    await caughtUp(page, 'other', 100);
    expect(await page.evaluate(() => [app.continuity(), app.codes])).toEqual(['recovered', [4000]]);
    await empty(page, stored);
  },
);

test.each([
  { stored: false, up: false },
  { stored: false, up: true },
  { stored: true, up: false },
  { stored: true, up: true },
])(
  'leaving the page and coming back, with storage: $stored, connected when it is left: $up',
  async ({ stored, up }) => {
    const world = await startWorld(script);
    const page = await world.open(await newContext(), 'page', { stored });
    await joined(page);
    if (!up) {
      await world.stop();
      await status(page, 'reconnecting');
    }
    // In the last tasks that the page has: storage is busy with what was said in the first.
    await page.evaluate(() => {
      app.say(0, 25);
      setTimeout(() => {
        app.say(25, 50);
        location.href = '/elsewhere';
      });
    });
    await page.waitForURL('**/elsewhere');
    if (!up) world.start();
    // What comes out of the cache is not loaded.
    await page.goBack({ waitUntil: 'commit' });
    await joined(page);
    const persisted = await page.evaluate(() => app.persisted);
    console.log(
      `${stored ? 'with' : 'without'} storage, ${up ? 'connected' : 'offline'}: the page was ${persisted ? 'restored from the back-forward cache' : 'loaded anew'}`,
    );
    await empty(page, stored);
    const logged = await world.logged('page');
    // A page that keeps nothing and is not kept takes what had not left with it.
    expect(logged).toEqual(upTo(persisted || stored ? 50 : logged.length));
    await page.evaluate(() => {
      app.say(50, 60);
    });
    await expect
      .poll(() => world.logged('page'))
      .toEqual([...logged, ...upTo(10).map((index) => 50 + index)]);
    await empty(page, stored);
  },
);

test('back and forth between two pages of an app, each of which may be kept as it was', async () => {
  const world = await startWorld(script);
  const page = await world.open(await newContext(), 'first', { stored: true });
  await joined(page);
  await world.stop();
  await page.evaluate(() => app.queue(0, 20));
  await page.goto(`${world.origin}/?by=second&stored`);
  await page.evaluate(() => app.queue(0, 20));
  world.start();
  await joined(page);
  await page.evaluate(() => {
    app.say(20, 40);
  });
  // The log has them; the page may not have heard of it.
  expect(await delivered(world, 'second', 40)).toEqual(upTo(40));
  await page.goBack({ waitUntil: 'commit' });
  await joined(page);
  const kept = await page.evaluate(() => app.persisted);
  await page.evaluate(() => {
    app.say(20, 40);
  });
  expect(await delivered(world, 'first', 40)).toEqual(upTo(40));
  await page.goForward({ waitUntil: 'commit' });
  await joined(page);
  await page.evaluate(() => {
    app.say(40, 60);
  });
  expect(await delivered(world, 'second', 60)).toEqual(upTo(60));
  await empty(page, true);
  console.log(`back and forth: pages were ${kept ? 'restored from the back-forward cache' : 'loaded anew'}`);
  expect(await world.logged('first')).toEqual(upTo(40));
  expect(await world.logged('second')).toEqual(upTo(60));
});

test('of two tabs that queue offline one is closed: the other delivers its own and what that one left', async () => {
  const world = await startWorld(script);
  const context = await newContext();
  const [left, right] = [
    await world.open(context, 'left', { stored: true }),
    await world.open(context, 'right', { stored: true }),
  ];
  await Promise.all([joined(left), joined(right)]);
  await Promise.all([
    left.evaluate(() => {
      app.say(0, 10);
    }),
    right.evaluate(() => {
      app.say(0, 10);
    }),
  ]);
  expect(await Promise.all([delivered(world, 'left', 10), delivered(world, 'right', 10)])).toEqual([
    upTo(10),
    upTo(10),
  ]);
  await Promise.all([empty(left, true), empty(right, true)]);
  const [[member], [neighbour]] = [await world.senders('left'), await world.senders('right')];
  expect(member).not.toBe(neighbour);
  await world.stop();
  await left.evaluate(() => app.queue(10, 500));
  await right.evaluate(() => app.queue(10, 500));
  await left.close();
  world.start();
  expect(await delivered(world, 'right', 500)).toEqual(upTo(500));
  expect(await delivered(world, 'left', 500)).toEqual(upTo(500));
  await empty(right, true);
  // Each as the member it was.
  expect([await world.senders('left'), await world.senders('right')]).toEqual([[member], [neighbour]]);
  expect(await right.evaluate(() => app.storage)).toEqual(['restored', 'adopted']);
});

test('what a tab held when it crashed is delivered by the next', async () => {
  const world = await startWorld(script);
  const context = await newContext();
  const page = await world.open(context, 'page', { stored: true });
  await joined(page);
  await page.evaluate(() => {
    app.say(0, 100);
  });
  expect(await delivered(world, 'page', 100)).toEqual(upTo(100));
  // What is delivered is forgotten a moment later: `queue` counts what is there.
  await empty(page, true);
  await world.stop();
  await page.evaluate(() => app.queue(100, 2_000));
  await crash(context, page);
  world.start();
  const next = await world.open(context, 'next', { stored: true });
  expect(await delivered(world, 'page', 2_000)).toEqual(upTo(2_000));
  await empty(next, true);
});

test('a tab that crashes while its outbox flushes: the next one goes on where it was', async () => {
  const { rooms, hold } = turnstile();
  const world = await startWorld(script, { rooms });
  const context = await newContext();
  const page = await world.open(context, 'page', { stored: true });
  await joined(page);
  await world.stop();
  await page.evaluate(() => app.queue(0, 2_000));
  const at = hold(700);
  world.start();
  const pass = await at;
  await crash(context, page);
  pass();
  const next = await world.open(context, 'next', { stored: true });
  expect(await delivered(world, 'page', 2_000)).toEqual(upTo(2_000));
  await empty(next, true);
});

test('a page that is loaded again and again while its outbox flushes', async () => {
  const { rooms, hold } = turnstile();
  const world = await startWorld(script, { rooms });
  const page = await world.open(await newContext(), 'page', { stored: true });
  await joined(page);
  await world.stop();
  await page.evaluate(() => app.queue(0, 2_000));
  const stops = [0, 1, 300, 600, 1_999].map(hold);
  world.start();
  for (const at of stops) {
    const pass = await at;
    await page.reload({ waitUntil: 'commit' });
    pass();
  }
  expect(await delivered(world, 'page', 2_000)).toEqual(upTo(2_000));
  await empty(page, true);
  expect(await world.senders('page')).toHaveLength(1);
});

test('a browser that is killed and started again', async () => {
  const world = await startWorld(script);
  const profile = await mkdtemp(join(tmpdir(), 'roomful-profile-'));
  onTestFinished(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  const first = await launchOn(profile);
  const page = await world.open(first, 'page', { stored: true });
  await joined(page);
  await page.evaluate(() => {
    app.say(0, 100);
  });
  expect(await delivered(world, 'page', 100)).toEqual(upTo(100));
  await empty(page, true);
  await world.stop();
  await page.evaluate(() => app.queue(100, 1_000));
  const processes = await processesOf(first.browser());
  const closed = first.waitForEvent('close');
  for (const { type, id } of processes) if (type === 'browser') process.kill(id, 'SIGKILL');
  await closed;
  world.start();
  const next = await world.open(await launchOn(profile), 'next', { stored: true });
  expect(await delivered(world, 'page', 1_000)).toEqual(upTo(1_000));
  await empty(next, true);
});

test('a page that is too busy, while it is loaded, to hear that its storage is open', async () => {
  const world = await startWorld(
    `${script}\nfor (const from = performance.now(); performance.now() < from + 3_500;);`,
  );
  const page = await world.open(await newContext(), 'page', { stored: true });
  await joined(page);
  expect(await page.evaluate(() => app.storage)).toEqual(['restored']);
});

test('a page that is loaded again while its server still believes in the old connection takes the session over', async () => {
  const world = await startWorld(script);
  const { port } = new URL(world.origin);
  const proxy = await startFaultProxy(Number(port));
  onTestFinished(() => proxy.close());
  await world.stop();
  world.start({ origins: [world.origin] });
  const direct = world.where;
  world.where = `ws://127.0.0.1:${proxy.port}/realtime`;
  const page = await world.open(await newContext(), 'page', { stored: true });
  await joined(page);
  await page.evaluate(() => {
    app.say(0, 100);
  });
  expect(await delivered(world, 'page', 100)).toEqual(upTo(100));
  await empty(page, true);
  proxy.blackhole = true;
  await page.evaluate(() => app.queue(100, 300));
  world.where = direct;
  await page.reload();
  expect(await delivered(world, 'page', 300)).toEqual(upTo(300));
  await empty(page, true);
  expect(await page.evaluate(() => app.codes)).toEqual([]);
  expect(await world.senders('page')).toHaveLength(1);
  // The old connection still stands, and was taken out all the same.
  expect([proxy.connections, world.realtime.stats().connections]).toEqual([1, 1]);
});
