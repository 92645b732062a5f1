// The examples, each an app of its own that installs the package as npm delivers it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../src/client/index.js';
import { launch } from '../e2e/browser/world.js';
import { pack, root, run } from './pack.js';

let temporary: string;
let tarball: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  temporary = await realpath(await mkdtemp(join(tmpdir(), 'roomful-examples-')));
  ({ tarball } = await pack(temporary));
}, 120_000);
afterAll(async () => {
  await Promise.all(
    children
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .map(async (child) => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
  );
  await rm(temporary, { recursive: true, force: true });
});

/** A copy of an example, with this package instead of the published one. */
async function installed(name: string): Promise<string> {
  const folder = join(temporary, name);
  const own = new Set(['node_modules', '.next', 'dist']);
  await cp(join(root, 'examples', name), folder, {
    recursive: true,
    filter: (path) => !own.has(path.split('/').at(-1) ?? ''),
  });
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(manifest.dependencies['roomful']).toBe(
    `^${(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version}`,
  );
  manifest.dependencies['roomful'] = `file:${tarball}`;
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await run(folder, 'npm', [
    'install',
    '--prefix',
    folder,
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--include=dev',
  ]);
  return folder;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Starts a program of an example, and collects what it says. */
function start(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly said: () => string } {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
  return { child, said: () => text };
}

test('Vite and React: it type-checks, and builds without the devtools', async () => {
  const folder = await installed('vite');
  await run(folder, 'npm', ['run', 'build']);
  const html = await readFile(join(folder, 'dist/index.html'), 'utf8');
  const script = await readFile(join(folder, 'dist', /src="\/([^"]+\.js)"/.exec(html)?.[1] ?? ''), 'utf8');
  expect(script).toContain('roomful.v');
  expect(script).not.toContain('Faults on purpose');
}, 300_000);

describe('Next.js', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  }, 60_000);
  afterAll(() => browser.close());

  test('the first page has its messages from the server, hydrates in silence, and goes on live', async () => {
    const folder = await installed('nextjs');
    await run(folder, 'npm', ['run', 'build'], { NEXT_TELEMETRY_DISABLED: '1' });
    const port = await freePort();
    const { said } = start(folder, ['server.mjs'], { PORT: String(port) });
    await vi.waitFor(
      () => {
        expect(said()).toContain(`http://localhost:${port}`);
      },
      { timeout: 60_000, interval: 100 },
    );

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
  }, 300_000);
});

test('a Node bot answers whoever greets it', async () => {
  const folder = await installed('bot');
  const port = await freePort();
  const server = start(folder, [
    'node_modules/roomful/dist/server/node/cli/main.js',
    'serve',
    '--untyped',
    '--anonymous',
    '--port',
    String(port),
    '--host',
    '127.0.0.1',
  ]);
  await vi.waitFor(
    () => {
      expect(server.said()).toContain('listening');
    },
    { timeout: 20_000 },
  );
  const url = `ws://127.0.0.1:${port}/realtime`;
  const bot = start(folder, ['bot.mjs', url, 'lobby']);
  await vi.waitFor(
    () => {
      expect(bot.said()).toContain('connected');
    },
    { timeout: 20_000 },
  );

  const client = createClient({ url, WebSocket });
  client.connect();
  const room = client.room('lobby');
  const heard: unknown[] = [];
  room.on('post', ({ data }) => {
    heard.push(data);
  });
  await room.send('post', { text: 'Hello there' });
  await vi.waitFor(
    () => {
      expect(heard).toEqual([{ text: 'Hello there' }, { text: 'Hello, you' }]);
    },
    { timeout: 20_000 },
  );
  client.close();
  bot.child.kill('SIGINT');
  expect((await once(bot.child, 'exit'))[0]).toBe(0);
}, 120_000);
