// Upgrades of an HTTP server that several share, paths as people write them, and nodes that nobody can reach.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { memoryBroker } from '../../src/server/broker/memory-broker.js';
import { serve, type RealtimeServer } from '../../src/server/node/index.js';
import { createRealtimeServerOn } from '../../src/server/node/realtime-server.js';
import { eventually } from '../support/eventually.js';
import { manualPorts } from '../support/server/manual-ports.js';
import { rawConnection, upgradeHead, type RawConnection } from '../support/network/raw-connection.js';

const ports = manualPorts();
const ends: (() => unknown)[] = [];
const lines: (readonly [message: string, details: object])[] = [];
const log = (details: object, message: string): void => {
  lines.push([message, details]);
};
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  lines.length = 0;
});

function realtime(options: Partial<Parameters<typeof createRealtimeServerOn>[1]> = {}): RealtimeServer {
  const server = createRealtimeServerOn(ports, {
    rooms: [serve('lobby')],
    logger: { info: log, warn: log, error: log },
    ...options,
  });
  ends.push(() => server.close());
  return server;
}
async function listening(): Promise<{ readonly http: Server; readonly port: number }> {
  const http = createServer((_request, response) => response.end('app')).listen(0, '127.0.0.1');
  await once(http, 'listening');
  ends.push(() => {
    http.close();
    http.closeAllConnections();
  });
  return { http, port: (http.address() as AddressInfo).port };
}
/** Asks for an upgrade; the first line of the answer. */
async function ask(
  port: number,
  path: string,
): Promise<{ connection: RawConnection; answer: Promise<string> }> {
  const connection = await rawConnection({ port });
  ends.push(() => connection.socket.destroy());
  connection.write(upgradeHead({ path }));
  return { connection, answer: connection.head.then((head) => head.split('\r\n')[0] ?? '') };
}
const answerTo = async (port: number, path: string): Promise<string> => (await ask(port, path)).answer;

describe('T36 an upgrade for nobody', () => {
  test('is answered at once where only realtime servers listen, by one of them', async () => {
    const { http, port } = await listening();
    const [one, two] = [realtime(), realtime()];
    const stop = one.attach(http, { path: '/a' });
    two.attach(http, { path: '/b' });
    expect(await answerTo(port, '/a')).toContain('101');
    expect(await answerTo(port, '/b')).toContain('101');
    expect(await answerTo(port, '/nowhere')).toContain('404');
    expect(lines).toEqual([['no server answered an upgrade', { path: '/nowhere' }]]);
    // The other one is left to answer.
    stop();
    expect(await answerTo(port, '/a')).toContain('404');
  });

  test('is answered after ten seconds where others listen too, and what they answered is left alone', async () => {
    const { http, port } = await listening();
    const upgrades: string[] = [];
    http.on('upgrade', (request, socket) => {
      upgrades.push(request.url ?? '');
      if (request.url === '/theirs') socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    });
    realtime().attach(http);
    const theirs = await ask(port, '/theirs');
    const nobody = await ask(port, '/nowhere');
    expect(await theirs.answer).toContain('101');
    await eventually(() => {
      expect(upgrades).toContain('/nowhere');
    });
    ports.advance(9_999);
    expect(nobody.connection.socket.bytesRead).toBe(0);
    ports.advance(1);
    expect(await nobody.answer).toContain('404');
    expect([theirs.connection.socket.destroyed, lines.length]).toEqual([false, 1]);
  });
});

describe('a path', () => {
  test('that is taken already goes to the newer server, with a line in the log', async () => {
    const { http, port } = await listening();
    const [older, newer] = [realtime(), realtime()];
    const stop = older.attach(http);
    await answerTo(port, '/realtime');
    newer.attach(http, { path: 'realtime/' });
    expect(lines.map(([message]) => message)).toEqual([
      'another realtime server had this path: the newer one has it now',
    ]);
    expect(await answerTo(port, '/realtime')).toContain('101');
    stop();
    expect(await answerTo(port, '/realtime')).toContain('101');
    expect([older.stats().connections, newer.stats().connections]).toEqual([1, 2]);
    expect(http.listenerCount('upgrade')).toBe(1);
  });

  test.each(['realtime', '/realtime/', 'realtime/', '/realtime'])(
    'written as %s is /realtime, and a client may write a slash behind it',
    async (path) => {
      const { port } = await realtime().listen({ host: '127.0.0.1', path });
      expect(await answerTo(port, '/realtime')).toContain('101');
      expect(lines).toEqual([]);
      expect(await answerTo(port, '/realtime/?a=1')).toContain('101');
      expect(lines.map(([message]) => message)).toEqual([
        'a client asked for /realtime with a slash behind it, and is served',
      ]);
      const stream = await fetch(`http://127.0.0.1:${port}/realtime/http/stream?id=id-of-a-client`, {
        method: 'POST',
        body: 'a-secret-of-26-characters-\nroomful.v1.json\n',
      });
      expect(stream.status).toBe(200);
      await stream.body?.cancel();
    },
  );

  test.each(['/a?b', '/a#b', 'ws://host/a', '/a b', '//a', '/a//b'])('%j is none', async (path) => {
    await expect(realtime().listen({ path })).rejects.toThrow(TypeError);
    const { http } = await listening();
    expect(() => realtime().attach(http, { path })).toThrow(TypeError);
  });

  test('may be the root', async () => {
    const { port } = await realtime().listen({ host: '127.0.0.1', path: '/' });
    expect(await answerTo(port, '/')).toContain('101');
  });
});

test('a server is one of the nodes once clients can reach it, and not before', async () => {
  const broker = memoryBroker();
  const nodes = async (): Promise<string[]> => (await broker.nodes()).map(({ node }) => node);
  const silent = realtime({ broker, node: 'silent' });
  const own = realtime({ broker, node: 'own' });
  const attached = realtime({ broker, node: 'attached' });
  expect(await nodes()).toEqual([]);
  await own.listen({ host: '127.0.0.1' });
  const http = createServer();
  attached.attach(http);
  expect(await nodes()).toEqual(['own']);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  ends.push(() => http.close());
  expect(await nodes()).toEqual(['own', 'attached']);
  await silent.drain({ over: 1 });
  await own.close();
  expect(await nodes()).toEqual(['attached']);
  expect((await silent.cluster()).map(({ node }) => node)).toEqual(['attached', 'silent']);
});
