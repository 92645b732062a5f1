// A full outbox: messages queued without a server, the page loaded again, the server back. All arrive, and the page can be used meanwhile.
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Strain } from './page.js';
import { sized } from '../../support/sizes.js';
import { profiled } from './profile.js';
import { bundle, delivered, empty, joined, launch, startWorld, status, upTo } from './world.js';

/** In the soak as many as an outbox holds unless it is told otherwise. */
const count = sized(2_000, 10_000);
/**
 * The longest time for which the main thread may be held up, as a share of the time that the whole takes. Work that is
 * done in one piece holds it up for nearly all of it, on a busy machine too.
 */
const mostOfWhole = 0.5;

let browser: Browser;
let script: string;
beforeAll(async () => {
  [browser, script] = await Promise.all([launch(), bundle()]);
});
afterAll(() => browser.close());

const figure = (ms: number): string => `${ms.toFixed(0)} ms`;

/** Prints how the page fared at something, and holds it to the bound. */
function holds(what: string, took: number, { task, lag }: Strain): void {
  console.log(
    `${what}: ${figure(took)}; longest task ${task ? figure(task) : 'below 50 ms'}, longest wait of a 5 ms timer ${figure(lag)}`,
  );
  expect.soft(Math.max(task, lag) / took, what).toBeLessThan(mostOfWhole);
}

/** What the page does within `call`; with PROFILE set, also what its longest stretches consist of. */
async function strained(page: Page, call: () => Promise<unknown>): Promise<Strain> {
  await page.evaluate(() => app.strain());
  return profiled(page, async () => {
    await call();
    return page.evaluate(() => app.strain());
  });
}

test.each([{ stored: true }, { stored: false }])(
  `${count} messages, with storage: $stored`,
  async ({ stored }) => {
    const world = await startWorld(script);
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await world.open(context, 'page', { stored });
    await joined(page);
    await world.stop();
    await status(page, 'reconnecting');

    let queueing = 0;
    const queued = await strained(page, async () => {
      queueing = await page.evaluate(async (to) => {
        const from = performance.now();
        await app.queue(0, to);
        return performance.now() - from;
      }, count);
    });
    holds(stored ? 'queueing and storing' : 'queueing', queueing, queued);

    if (stored) {
      const restored = await profiled(page, async () => {
        await page.reload();
        await page.waitForFunction((wanted) => app.waiting() === wanted, count, { timeout: 0 });
        return page.evaluate(() => app.strain());
      });
      const [restoredAt, shownAt] = await page.evaluate(() => [app.restoredAt, app.shownAt] as const);
      holds(
        `restoring (given back at ${figure(restoredAt)}, shown at ${figure(shownAt)} from the start of the load)`,
        shownAt,
        restored,
      );
    }

    const flushed = await strained(page, async () => {
      world.start();
      await page.waitForFunction(() => app.emptiedAt > app.connectedAt && app.waiting() === 0, null, {
        timeout: 0,
      });
    });
    const [connectedAt, emptiedAt] = await page.evaluate(() => [app.connectedAt, app.emptiedAt] as const);
    holds('from the connection to the empty outbox', emptiedAt - connectedAt, flushed);
    expect(await delivered(world, 'page', count)).toEqual(upTo(count));
    await empty(page, stored);
  },
);
