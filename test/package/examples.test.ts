// The examples that need no browser, each an app of its own that installs the packed package.
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../src/client/index.js';
import { createExampleApps, freePort, type ExampleApps } from './example-apps.js';
import { run } from './pack.js';
import { eventually } from '../support/eventually.js';

let apps: ExampleApps;
beforeAll(async () => {
  apps = await createExampleApps();
});
afterAll(() => apps.close());

test('Vite and React: it type-checks, and builds without the devtools, and with what a connection needs in a chunk of its own', async () => {
  const folder = await apps.install('vite');
  await run(folder, 'npm', ['run', 'build']);
  const html = await readFile(join(folder, 'dist/index.html'), 'utf8');
  const script = await readFile(join(folder, 'dist', /src="\/([^"]+\.js)"/.exec(html)?.[1] ?? ''), 'utf8');
  const names = (await readdir(join(folder, 'dist/assets'))).filter((name) =>
    /^connection-.*\.js$/.test(name),
  );
  expect(names).toHaveLength(1);
  const connection = await readFile(join(folder, 'dist/assets', names[0] ?? ''), 'utf8');
  // The names of subprotocols, and partysocket's class.
  for (const text of ['roomful.v', 'maxEnqueuedMessages']) {
    expect(connection).toContain(text);
    expect(script).not.toContain(text);
  }
  expect(script).not.toContain('Faults on purpose');
});

test('a Node bot answers whoever greets it', async () => {
  const folder = await apps.install('bot');
  const port = await freePort();
  const server = apps.start(folder, [
    'node_modules/roomful/dist/server/node/cli/main.js',
    'serve',
    '--untyped',
    '--anonymous',
    '--port',
    String(port),
    '--host',
    '127.0.0.1',
  ]);
  await eventually(() => {
    expect(server.said()).toContain('listening');
  });
  const url = `ws://127.0.0.1:${port}/realtime`;
  const bot = apps.start(folder, ['bot.mjs', url, 'lobby']);
  await eventually(() => {
    expect(bot.said()).toContain('connected');
  });

  const client = createClient({ url, WebSocket });
  client.connect();
  const room = client.room('lobby');
  const heard: unknown[] = [];
  room.on('post', ({ data }) => {
    heard.push(data);
  });
  await room.send('post', { text: 'Hello there' });
  await eventually(() => {
    expect(heard).toEqual([{ text: 'Hello there' }, { text: 'Hello, you' }]);
  });
  client.close();
  bot.child.kill('SIGINT');
  expect((await once(bot.child, 'exit'))[0]).toBe(0);
});
