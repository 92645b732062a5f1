// `npx roomful serve`, as somebody starts it: rooms from a module or any, tokens by a key from the environment, and an end that loses nothing.
import { SignJWT } from 'jose';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createClient, type Client } from '../../src/client/index.js';
import { eventually } from '../support/eventually.js';
import { readyMades, type ReadyMades } from '../support/server/ready-made.js';

let servers: ReadyMades;
let folder: string;
const clients: Client[] = [];

beforeAll(async () => {
  servers = await readyMades();
  folder = await mkdtemp(join(tmpdir(), 'roomful-ready-made-'));
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await servers.close();
  await rm(folder, { recursive: true, force: true });
});

function connect(url: string, token?: string): Client {
  const client = createClient({
    url,
    WebSocket,
    ...(token !== undefined && { token }),
    backoff: { initial: 50, max: 200 },
  });
  clients.push(client);
  client.connect();
  return client;
}

const moduleWith = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
};

test('any room, for everybody: a message from one to another; SIGTERM ends it with 0', async () => {
  const server = await servers.start(['--untyped', '--anonymous', '--drain', '0', '--metrics']);
  const [ada, bob] = [connect(server.url), connect(server.url)];
  const heard: unknown[] = [];
  bob.room('anything/goes').on('post', ({ data }) => {
    heard.push(data);
  });
  await eventually(() => {
    expect(bob.room('anything/goes').status).toBe('joined');
  });
  expect(await ada.room('anything/goes').send('post', { text: 'hello' })).toMatchObject({ offset: 1 });
  await eventually(() => {
    expect(heard).toEqual([{ text: 'hello' }]);
  });
  expect((await fetch(`http://127.0.0.1:${server.port}/health/ready`)).status).toBe(200);
  expect(await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()).toContain(
    'roomful_connections 2',
  );
  server.process.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(server.lines.map(({ msg }) => msg)).toEqual(
    expect.arrayContaining(['listening', 'draining', 'closed']),
  );
});

test('rooms of a module, with who is let in; others are refused', async () => {
  const server = await servers.start(['--rooms', servers.rooms]);
  const ada = connect(server.url, 'ada');
  expect(await ada.room('lobby').send('post', 1)).toMatchObject({ offset: 1 });
  await expect(ada.room('elsewhere').send('post', 1)).rejects.toMatchObject({ code: 'denied' });
  const eve = connect(server.url, 'eve');
  await eventually(() => {
    expect(eve.store.getState().connection.status).toBe('needs-auth');
  });
});

test('tokens that the key of the environment signed', async () => {
  const secret = 'a secret that is thirty-two bytes, or more';
  const server = await servers.start(['--untyped'], {
    ROOMFUL_JWT_SECRET: secret,
    ROOMFUL_JWT_AUDIENCE: 'chat',
  });
  const signed = (audience: string): Promise<string> =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('ada')
      .setAudience(audience)
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(secret));
  const ada = connect(server.url, await signed('chat'));
  await eventually(() => {
    expect(ada.store.getState().connection.status).toBe('connected');
  });
  const other = connect(server.url, await signed('another app'));
  await eventually(() => {
    expect(other.store.getState().connection.status).toBe('needs-auth');
  });
  expect(JSON.stringify(server.lines)).not.toContain(secret);
});

describe('what has to be mended is one sentence, and no stack', () => {
  test.each([
    [['serve', '--untyped'], 'no authentication', 1],
    [['serve', '--untyped', '--anonymous', '--rooms', 'x'], 'exclude each other', 2],
    [['serve', '--anonymous', '--rooms', './nowhere.mjs'], "'./nowhere.mjs' could not be loaded", 1],
    [['serve', '--untyped', '--anonymous', '--origin', 'app.example.com'], 'is not an origin', 1],
  ] as const)('%j', async (args, said, code) => {
    const ended = await servers.run(args);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(said);
    expect(ended.stderr).not.toContain('    at ');
  });

  test('a module without rooms, a key that is too short, a port that is taken', async () => {
    const file = await moduleWith('empty.mjs', 'export const nothing = 1;');
    expect((await servers.run(['serve', '--anonymous', '--rooms', file])).stderr).toContain(
      'must export rooms',
    );
    expect((await servers.run(['serve', '--untyped'], { ROOMFUL_JWT_SECRET: 'short' })).stderr).toContain(
      '32 bytes',
    );
    const server = await servers.start(['--untyped', '--anonymous']);
    const second = await servers.run([
      'serve',
      '--untyped',
      '--anonymous',
      '--host',
      '127.0.0.1',
      '--port',
      String(server.port),
    ]);
    expect(second).toMatchObject({ code: 1 });
    expect(second.stderr).toContain('EADDRINUSE');
  });
});

test('told to end while it waits for Redis, it ends, with 0', async () => {
  const child = servers.open(['serve', '--untyped', '--anonymous', '--redis', 'redis://127.0.0.1:1']);
  const ended = once(child, 'exit');
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('help on the standard output, with 0', async () => {
  expect(await servers.run(['--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('roomful serve [options]'),
    stderr: '',
  });
});
