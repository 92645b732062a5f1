// The Next.js example, built and run as an app that installs the packed package.
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from '../e2e/browser/world.js';
import { createExampleApps, freePort, type ExampleApps } from './example-apps.js';
import { run } from './pack.js';
import { eventually } from '../support/eventually.js';

let apps: ExampleApps;
let browser: Browser;
beforeAll(async () => {
  [apps, browser] = await Promise.all([createExampleApps(), launch()]);
});
afterAll(() => Promise.all([apps.close(), browser.close()]));

test('Next.js: the first page has its messages from the server, hydrates in silence, and goes on live', async () => {
  const folder = await apps.install('nextjs');
  await run(folder, 'npm', ['run', 'build'], { NEXT_TELEMETRY_DISABLED: '1' });
  const port = await freePort();
  const { said } = apps.start(folder, ['server.mjs'], { PORT: String(port) });
  await eventually(() => {
    expect(said()).toContain(`http://localhost:${port}`);
  });

  const html = await (await fetch(`http://localhost:${port}/`)).text();
  expect(html).toContain('Rendered on the server');
  expect(html).toContain('data-phase="idle"');

  const [one, two] = await Promise.all([browser.newPage(), browser.newPage()]);
  const complaints: string[] = [];
  for (const page of [one, two]) {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !message.location().url.includes('favicon'))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => {
      complaints.push(String(error));
    });
    await page.goto(`http://localhost:${port}/`);
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.getByText('Rendered on the server').waitFor();
  }
  await one.getByRole('textbox', { name: 'Message' }).fill('from one to the other');
  await one.getByRole('button', { name: 'Send' }).click();
  await two.getByText('from one to the other').waitFor();
  expect(await two.getByRole('listitem').count()).toBe(2);
  expect(complaints).toEqual([]);
});
