// The Node edge over real sockets: listen, attach, health, refusals a browser can read, and bytes from hell.
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../src/client/index.js';
import {
  createRealtimeServer,
  json,
  msgpack,
  serve,
  type RealtimeServer,
} from '../../src/server/node/index.js';
import { seededRandom } from '../../src/testing/random.js';
import { eventually } from '../support/eventually.js';
import { plainSocket } from '../support/network/socket.js';

const hello = [1, 'session-of-a-plain-socket', 'i', null, false, 'raw'];
const join = [2, 'lobby', null, 0, null];
let server: RealtimeServer;
let port: number;
let url: string;

beforeEach(async () => {
  server = createRealtimeServer({ rooms: [serve('lobby')], heartbeat: { interval: 5_000 } });
  ({ port, url } = await server.listen({ host: '127.0.0.1' }));
});
afterEach(() => server.close());

const fetchText = (path: string): Promise<readonly [status: number, body: string]> =>
  new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path }, (response) => {
      let body = '';
      response
        .on('data', (chunk: Buffer) => {
          body += chunk.toString();
        })
        .on('end', () => {
          resolve([response.statusCode ?? 0, body]);
        });
    }).on('error', reject);
  });

test('health: alive and ready, not ready while it drains, 404 elsewhere', async () => {
  expect(await fetchText('/health/live')).toMatchObject([200, expect.stringContaining('"status":"ok"')]);
  expect(await fetchText('/health/ready')).toMatchObject([200, expect.stringContaining('"connections":0')]);
  expect((await fetchText('/'))[0]).toBe(404);
  await server.drain({ over: 1 });
  expect((await fetchText('/health/live'))[0]).toBe(200);
  expect(await fetchText('/health/ready')).toMatchObject([503, expect.stringContaining('draining')]);
});

test('a node that drains or is full refuses the upgrade with 503, so that a balancer tries another', async () => {
  const full = createRealtimeServer({ rooms: [], connections: { total: 1 } });
  const address = await full.listen({ host: '127.0.0.1' });
  const first = plainSocket(address.url);
  await once(first.socket, 'open');
  const refused = async (of: number): Promise<unknown> => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    };
    const [response] = (await once(
      get({ port: of, host: '127.0.0.1', path: '/realtime', headers }),
      'response',
    )) as [IncomingMessage];
    response.resume();
    return [response.statusCode, response.headers['retry-after']];
  };
  expect(await refused(address.port)).toEqual([503, '1']);
  expect(await (await fetch(`http://127.0.0.1:${address.port}/health/ready`)).json()).toMatchObject({
    status: 'full',
    connections: 1,
  });
  first.socket.close();
  await full.close();
  await server.drain({ over: 0 });
  expect(await refused(port)).toEqual([503, '1']);
});

test('metrics: what happened is counted, under names that stay; nowhere unless they are asked for', async () => {
  expect((await fetchText('/metrics'))[0]).toBe(404);
  await expect(server.metrics()).rejects.toThrow('set the option metrics');
  const measured = createRealtimeServer({ rooms: [serve('lobby')], metrics: true });
  const address = await measured.listen({ host: '127.0.0.1' });
  const raw = plainSocket(address.url);
  await once(raw.socket, 'open');
  raw.say(hello);
  raw.say(join);
  await raw.hears('[21,');
  raw.say([4, 'lobby', 1, 'x', 'm', 1, 'data', null]);
  await raw.hears('[23,');
  raw.socket.close(4444);
  await eventually(() => {
    expect(measured.stats().connections).toBe(0);
  });
  const response = await fetch(`http://127.0.0.1:${address.port}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await response.text();
  expect(text).toBe(text.replaceAll('NaN', ''));
  for (const line of [
    'roomful_connections 0',
    'roomful_rooms 0',
    'roomful_queued_bytes 0',
    'roomful_draining 0',
    'roomful_full 0',
    'roomful_messages_in_total 1',
    'roomful_messages_out_total 1',
    'roomful_disconnects_total{code="other"} 1',
    'roomful_joins_total{outcome="new"} 1',
    'roomful_acknowledgement_seconds_count 1',
    'roomful_broker_append_seconds_count 1',
    'roomful_ping_seconds_count 0',
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).toContain('nodejs_eventloop_lag_seconds');
  expect(await measured.metrics()).toContain('roomful_messages_in_total 1');
  await measured.close();
});

test('a port that is taken rejects, and so says who called', async () => {
  const second = createRealtimeServer({ rooms: [] });
  await expect(second.listen({ port, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await second.close();
});

describe('P2 a refusal that a browser can read', () => {
  test('no subprotocol in common: 4406, and what it speaks', async () => {
    const [code, reason] = await plainSocket(url, ['chat.v9', 'roomful.v2.json']).closed;
    expect([code, reason]).toEqual([4406, 'this server speaks roomful.v1.json, roomful.v1.msgpack']);
    expect((await plainSocket(url, []).closed)[0]).toBe(4406);
  });

  test('another origin: 4403', async () => {
    expect(
      (await plainSocket(url, undefined, { headers: { Origin: 'https://evil.example' } }).closed)[0],
    ).toBe(4403);
    const own = plainSocket(url, undefined, { headers: { Origin: `http://127.0.0.1:${port}` } });
    await once(own.socket, 'open');
    own.say(hello);
    await own.hears('[20,');
    own.socket.close();
  });

  test('another path: 404, on a server of our own', async () => {
    const socket = new WebSocket(url.replace('/realtime', '/elsewhere'), 'roomful.v1.json');
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('404');
  });
});

test('attach serves one path of a server of yours, leaves the rest alone, and stops', async () => {
  const http: Server = createServer((_request, response) => {
    response.end('yours');
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const own = (http.address() as AddressInfo).port;
  const attached = createRealtimeServer({ rooms: [serve('lobby')] });
  const others: string[] = [];
  http.on('upgrade', (request, socket) => {
    if (request.url === '/theirs') {
      others.push(request.url);
      socket.end('HTTP/1.1 418 \r\n\r\n');
    }
  });
  attached.attach(http, { path: '/live' });
  const client = createClient({ url: `ws://127.0.0.1:${own}/live`, WebSocket });
  client.connect();
  const room = client.room('lobby');
  expect(await room.send('m', 1)).toMatchObject({ offset: 1 });
  await once(new WebSocket(`ws://127.0.0.1:${own}/theirs`), 'error');
  expect(others).toEqual(['/theirs']);
  client.close();
  await attached.close();
  http.close();
  http.closeAllConnections();
});

test('close ends every connection with 1012, and the client goes on by itself once there is a server again', async () => {
  const client = createClient({
    url: () => url,
    WebSocket,
    backoff: { initial: 10, max: 30 },
    logger: { warn: () => undefined, error: () => undefined },
  });
  client.connect();
  const room = client.room('lobby');
  await room.send('m', 1);
  const reasons: unknown[] = [];
  client.on('connection', (state) => {
    if (state.status === 'reconnecting') reasons.push(state.reason.code);
  });
  await server.close();
  const pending = room.send('m', 2);
  server = createRealtimeServer({ rooms: [serve('lobby')] });
  ({ url } = await server.listen({ host: '127.0.0.1' }));
  expect(await pending).toMatchObject({ duplicate: false });
  expect(reasons[0]).toBe(1012);
  client.close();
});

describe('bytes from hell', () => {
  /** A raw TCP connection, upgraded or not. */
  async function tcp(head: string): Promise<ReturnType<typeof connect>> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(head);
    return socket;
  }
  const upgrade =
    'GET /realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: roomful.v1.json\r\n\r\n';
  const stillServes = async (): Promise<void> => {
    const good = plainSocket(url);
    await once(good.socket, 'open');
    good.say(hello, join);
    await good.hears('"lobby"');
    good.socket.close();
    await good.closed;
  };

  test.each([
    [
      'an upgrade without a key',
      'GET /realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    [
      'an upgrade to something else',
      'GET /realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    ],
    [
      'a target that is no path',
      'GET //[ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    ],
    ['no HTTP at all', '\u0000\u0001\u0002'.repeat(100)],
    [
      '2,000 headers',
      `GET /realtime HTTP/1.1\r\n${Array.from({ length: 2_000 }, (_, index) => `X-${index}: y\r\n`).join('')}\r\n`,
    ],
  ])('%s', async (_name, head) => {
    const socket = await tcp(head);
    await Promise.race([once(socket, 'close'), once(socket, 'data')]);
    socket.destroy();
    await stillServes();
  });

  test('a reset at any point of the handshake, 200 times', async () => {
    for (let at = 0; at < 200; at++) {
      const socket = await tcp(upgrade.slice(0, 1 + ((at * 37) % upgrade.length)));
      socket.resetAndDestroy();
    }
    await stillServes();
    expect(server.stats().connections).toBeLessThanOrEqual(1);
  });

  test('random bytes after the upgrade, 300 connections', async () => {
    const random = seededRandom(3);
    for (let count = 0; count < 300; count++) {
      const socket = await tcp(upgrade);
      await once(socket, 'data');
      socket.write(
        Buffer.from(Array.from({ length: 1 + Math.floor(random() * 60) }, () => Math.floor(random() * 256))),
      );
      socket.resetAndDestroy();
    }
    await stillServes();
  });

  test('P4 a message above the limit closes with 1009', async () => {
    const socket = plainSocket(url);
    await once(socket.socket, 'open');
    socket.say(hello);
    socket.socket.send('x'.repeat(70_000));
    expect((await socket.closed)[0]).toBe(1009);
    await stillServes();
  });

  test('text that is not UTF-8 closes with 1007', async () => {
    const socket = plainSocket(url);
    await once(socket.socket, 'open');
    socket.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await socket.closed)[0]).toBe(1007);
    await stillServes();
  });
});

test.each([1, 125, 126, 65_535, 65_536, 200_000])(
  'a message of %i bytes arrives whole, in both codecs, between the pings of the transport',
  async (length) => {
    const wide = createRealtimeServer({
      rooms: [serve('lobby')],
      limits: { frame: 1_000_000 },
      heartbeat: { interval: 20 },
    });
    const address = await wide.listen({ host: '127.0.0.1' });
    const texts: unknown[] = [];
    const clients = [json(), msgpack()].map((codec) =>
      createClient({ url: address.url, WebSocket, codecs: [codec] }),
    );
    for (const client of clients) {
      client.connect();
      client.room('lobby').on('text', ({ data }) => {
        texts.push(data);
      });
    }
    await eventually(() => {
      expect(clients.map((client) => client.room('lobby').status)).toEqual(['joined', 'joined']);
    });
    const text = 'ü'.repeat(length);
    await wide.room('lobby').send('text', text);
    await eventually(() => {
      expect(texts).toEqual([text, text]);
    });
    expect(clients.map((client) => client.store.getState().connection.status)).toEqual([
      'connected',
      'connected',
    ]);
    for (const client of clients) client.close();
    await wide.close();
  },
);
