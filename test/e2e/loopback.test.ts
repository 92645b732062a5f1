// Pages whose name was made to lead to a server on this machine (DNS rebinding), over WebSocket and over HTTP.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createRealtimeServer, serve, type NodeServerOptions } from '../../src/server/node/index.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** The port of a server on 127.0.0.1: of its own, or attached to one of the app's. */
async function start(isAttached: boolean, options: Partial<NodeServerOptions> = {}): Promise<number> {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const server = createRealtimeServer({ rooms: [serve('lobby')], logger: quiet, ...options });
  ends.push(() => server.close());
  if (!isAttached) return (await server.listen({ host: '127.0.0.1' })).port;
  const http = createServer().listen(0, '127.0.0.1');
  ends.push(() => http.close());
  await once(http, 'listening');
  server.attach(http);
  return (http.address() as AddressInfo).port;
}

/** Whether a page is let in: the code that its connection is closed with where it is not. */
async function overWebSocket(port: number, origin: string, host: string): Promise<unknown> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime`, 'roomful.v1.json', {
    headers: { origin, host },
  });
  const closed = once(socket, 'close').then(([code]) => code as number);
  await once(socket, 'open');
  socket.send(JSON.stringify([1, 'session-of-a-page', 'i', null, false, 'raw']));
  const answer = await Promise.race([closed, once(socket, 'message').then(() => 'let in')]);
  socket.terminate();
  return answer;
}

/** The same; the kind of the first record is 0 where it is let in, and 3 where it is closed. */
function overHttp(port: number, origin: string, host: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        port,
        host: '127.0.0.1',
        path: '/realtime/http/stream?id=id-of-a-page',
        method: 'POST',
        headers: { origin, host },
      },
      (response) => {
        response.once('data', (data: Buffer) => {
          resolve(data[0] === 0 ? 'let in' : Number(data.subarray(5, 9).toString()));
          asked.destroy();
        });
      },
    );
    asked.on('error', reject);
    asked.end('a-secret-of-26-characters-\nroomful.v1.json\n');
  });
}

test.each([
  ['of its own', false],
  ['attached', true],
] as const)('T34 a server on loopback takes no page of another name: %s', async (_name, isAttached) => {
  const port = await start(isAttached);
  for (const connect of [overWebSocket, overHttp]) {
    expect(await connect(port, `http://evil.example:${port}`, `evil.example:${port}`)).toBe(4403);
    expect(await connect(port, `http://127.0.0.1:${port}`, `127.0.0.1:${port}`)).toBe('let in');
    expect(await connect(port, 'http://localhost:5173', `127.0.0.1:${port}`)).toBe('let in');
  }
});

test('T34 behind a proxy that is trusted, a server on loopback takes pages of the name that the proxy passes on', async () => {
  const port = await start(false, { trustProxy: 1 });
  for (const connect of [overWebSocket, overHttp]) {
    expect(await connect(port, 'https://app.example', 'app.example')).toBe('let in');
    expect(await connect(port, 'http://localhost:5173', 'app.example')).toBe(4403);
  }
});
