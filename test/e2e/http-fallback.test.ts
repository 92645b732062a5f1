// HTTP where WebSocket is blocked: what passes, what is refused, and what whoever means harm gets.
import { once } from 'node:events';
import { request as httpRequest, createServer, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect as connectTo, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createClient, type Client } from '../../src/client/index.js';
import {
  createRecordReader,
  encodeClose,
  encodeRecord,
  readClose,
  recordKinds,
} from '../../src/protocol/records.js';
import {
  json,
  msgpack,
  serve,
  type NodeServerOptions,
  type RealtimeServer,
} from '../../src/server/node/index.js';
import { memoryBroker } from '../../src/server/broker/memory-broker.js';
import { nodePorts } from '../../src/server/node/system/ports.js';
import { createRealtimeServerOn } from '../../src/server/node/realtime-server.js';
import { BlockedWebSocket } from '../support/network/blocked-socket.js';
import { eventually } from '../support/eventually.js';
import { manualPorts } from '../support/server/manual-ports.js';

const secret = 'a-secret-of-26-characters-';
const hello = [1, 'session-of-a-plain-client', 'i', null, false, 'raw'];
const join = [2, 'lobby', null, 0, null];
const frame = (it: unknown): string => JSON.stringify(it);

let server: RealtimeServer;
let port: number;
const clients: Client[] = [];
const open: { abort(): void }[] = [];

async function start(options: Partial<NodeServerOptions> = {}, ports = nodePorts): Promise<void> {
  server = createRealtimeServerOn(ports, {
    rooms: [serve('lobby')],
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    ...options,
  });
  ({ port } = await server.listen({ host: '127.0.0.1' }));
}
beforeEach(() => start());
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const it of open.splice(0)) it.abort();
  await server.close();
});

interface Raw {
  readonly id: string;
  readonly status: number;
  readonly headers: Headers;
  /** What was heard: the protocol and node, messages, and the close. */
  readonly heard: unknown[];
  readonly ended: Promise<void>;
  send(count: number, ...records: readonly Uint8Array[]): Promise<number>;
  abort(): void;
}

/** A client that says what it likes. */
async function raw({
  id = `id-${Math.random().toString(36).slice(2)}`,
  offers = 'roomful.v1.json',
  body = `${secret}\n${offers}\n`,
  headers = {},
  at = port,
}: {
  readonly id?: string;
  readonly offers?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly at?: number;
} = {}): Promise<Raw> {
  const controller = new AbortController();
  const response = await fetch(`http://127.0.0.1:${at}/realtime/http/stream?id=${id}`, {
    method: 'POST',
    body,
    headers,
    signal: controller.signal,
  });
  const heard: unknown[] = [];
  const ended = (async () => {
    if (!response.ok || !response.body) return;
    const read = createRecordReader(1e9);
    for await (const piece of response.body) {
      for (const { kind, payload } of read(piece as Uint8Array)) {
        const text = new TextDecoder().decode(payload);
        if (kind === recordKinds.opened) heard.push(text.split('\n')[0]);
        else if (kind === recordKinds.text)
          heard.push(...text.split('\n').map((line) => JSON.parse(line) as unknown));
        else if (kind === recordKinds.close) heard.push(readClose(payload));
        else heard.push(payload);
      }
    }
  })().catch(() => undefined);
  const it: Raw = {
    id,
    status: response.status,
    headers: response.headers,
    heard,
    ended,
    send: async (count, ...records) =>
      (
        await fetch(`http://127.0.0.1:${at}/realtime/http/send?id=${id}`, {
          method: 'POST',
          body: new Blob([`${secret}\n${count}\n`, ...(records as Uint8Array<ArrayBuffer>[])]),
        })
      ).status,
    abort: () => {
      controller.abort();
    },
  };
  open.push(it);
  return it;
}
const text = (...frames: readonly unknown[]): Uint8Array =>
  encodeRecord(recordKinds.text, frames.map(frame).join('\n'));
const opcodes = ({ heard }: Raw): unknown[] => heard.map((it) => (Array.isArray(it) ? it[0] : it));

function connect(options: Partial<Parameters<typeof createClient>[0]> = {}): Client {
  const client = createClient({
    url: `ws://127.0.0.1:${port}/realtime`,
    WebSocket: BlockedWebSocket,
    backoff: { initial: 5, max: 20 },
    flush: 'microtask',
    logger: { warn: () => undefined, error: () => undefined },
    ...options,
  });
  clients.push(client);
  client.connect();
  return client;
}

describe('P36 a client whose WebSocket is blocked', () => {
  test.each([
    ['json', json],
    ['msgpack', msgpack],
  ] as const)('chats over HTTP in %s, in order, and says so', async (name, codec) => {
    const [ada, bob] = [connect({ codecs: [codec()] }), connect({ codecs: [codec()] })];
    const heard: unknown[] = [];
    bob.room('lobby').on('post', ({ data }) => {
      heard.push(data);
    });
    await eventually(() => {
      expect(bob.room('lobby').status).toBe('joined');
    });
    // Each draws its own wait before it tries over HTTP: whoever is first to be there says nothing of the other.
    await eventually(() => {
      expect(ada.store.getState().connection).toMatchObject({
        status: 'connected',
        transport: 'http',
        codec: name,
      });
    });
    const bytes = new Uint8Array([1, 2, 3]);
    const receipts = await Promise.all(
      Array.from({ length: 500 }, (_, index) => ada.room('lobby').send('post', index === 0 ? bytes : index)),
    );
    expect(receipts.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 500 }, (_, index) => index + 1),
    );
    await eventually(() => {
      expect(heard).toHaveLength(500);
    });
    expect(heard).toEqual([bytes, ...Array.from({ length: 499 }, (_, index) => index + 1)]);
  });

  test.each(['/', '/realtime/'])('chats over HTTP where the server is at %s', async (path) => {
    await server.close();
    server = createRealtimeServerOn(nodePorts, {
      rooms: [serve('lobby')],
      logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    ({ port } = await server.listen({ host: '127.0.0.1', path }));
    const client = connect({ url: `ws://127.0.0.1:${port}${path}` });
    expect(await client.room('lobby').send('post', 1)).toMatchObject({ offset: 1 });
    expect(client.store.getState().connection).toMatchObject({ transport: 'http' });
  });

  test('that closes is gone at once, and one that is told to go is told why', async () => {
    const client = connect();
    await eventually(() => {
      expect(client.store.getState().connection.status).toBe('connected');
    });
    client.close();
    await eventually(() => {
      expect(server.stats().connections).toBe(0);
    });
    const second = connect();
    await eventually(() => {
      expect(second.store.getState().connection.status).toBe('connected');
    });
    const reasons: unknown[] = [];
    second.store.subscribe(({ connection }) => {
      if (connection.status === 'reconnecting') reasons.push(connection.reason);
    });
    await server.drain({ over: 0 });
    await eventually(() => {
      expect(reasons[0]).toEqual({ code: 1012, reason: 'this node is draining' });
    });
  });

  test('moves to WebSocket where that opens by now, and no one is shown anything else', async () => {
    let refused = 0;
    class AwayAtFirst extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(refused++ < 2 ? 'ws://127.0.0.1:1/' : url, protocols);
      }
    }
    const client = connect({ WebSocket: AwayAtFirst });
    const heard: unknown[] = [];
    client.room('lobby').on('post', ({ data }) => {
      heard.push(data);
    });
    await eventually(() => {
      expect(client.store.getState().connection).toMatchObject({ status: 'connected', transport: 'http' });
    });
    const shown = new Set<string>();
    client.store.subscribe(({ connection }) => {
      shown.add(connection.status);
    });
    await server.room('lobby').send('post', 1);
    await eventually(() => {
      expect(client.store.getState().connection).toMatchObject({
        status: 'connected',
        transport: 'websocket',
      });
    });
    await server.room('lobby').send('post', 2);
    await eventually(() => {
      expect(heard).toEqual([1, 2]);
    });
    expect([...shown]).toEqual(['connected']);
    await eventually(() => {
      expect(server.stats().connections).toBe(1);
    });
  });

  test('stays with WebSocket where the app says so', async () => {
    const client = connect({ fallback: false });
    const seen = new Set<string>();
    await new Promise<void>((resolve) => {
      client.store.subscribe(({ connection }) => {
        seen.add(connection.status);
        if (connection.status === 'reconnecting' && connection.attempt > 5) resolve();
      });
    });
    expect([...seen]).not.toContain('connected');
    expect(server.stats().connections).toBe(0);
  });

  test('finds nothing where the server says so', async () => {
    await server.close();
    await start({ fallback: false });
    expect((await raw()).status).toBe(404);
  });
});

describe('P37 the way down and the way up', () => {
  test('opened with protocol and node, then what is said; nothing on the way holds it back', async () => {
    const it = await raw();
    expect(it.status).toBe(200);
    expect(
      Object.fromEntries(
        ['cache-control', 'x-accel-buffering', 'content-type'].map((name) => [name, it.headers.get(name)]),
      ),
    ).toEqual({
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'content-type': 'application/octet-stream',
    });
    expect(await it.send(1, text(hello, join))).toBe(204);
    await eventually(() => {
      expect(opcodes(it)).toEqual(['roomful.v1.json', 20, 21]);
    });
    expect(await it.send(2, text([9, 1]), text([9, 2]))).toBe(204);
    await eventually(() => {
      expect(opcodes(it)).toEqual(['roomful.v1.json', 20, 21, 10, 10]);
    });
  });

  test('P2 nothing in common: 4406, and what it speaks', async () => {
    const it = await raw({ offers: 'chat.v9,roomful.v2.json' });
    await it.ended;
    expect(it.heard).toEqual([[4406, 'this server speaks roomful.v1.json, roomful.v1.msgpack']]);
  });

  test('a close from the client is one: with 1000 its member is gone at once', async () => {
    const it = await raw();
    await it.send(1, text(hello));
    await it.send(2, encodeClose(1000, ''));
    await it.ended;
    expect(server.stats().connections).toBe(0);
  });

  test('a client that vanishes is noticed', async () => {
    const it = await raw();
    await it.send(1, text(hello));
    expect(server.stats().connections).toBe(1);
    it.abort();
    await eventually(() => {
      expect(server.stats().connections).toBe(0);
    });
  });
});

describe('P38 no request is passed over, and none counts twice', () => {
  test.each([
    ['missing', [1, 3]],
    ['repeated', [1, 1]],
    ['first of all a later one', [2]],
  ] as const)('%s: the connection ends, to begin anew', async (_name, counts) => {
    const it = await raw();
    for (const count of counts) await it.send(count, text(...(count === 1 ? [hello] : [[9, 1]])));
    await it.ended;
    expect(it.heard.at(-1)).toEqual([1002, 'requests are missing, or came twice']);
    expect(server.stats().connections).toBe(0);
  });

  test('one that overtook another, which came by way of another node, waits for it', async () => {
    const it = await raw();
    await it.send(1, text(hello, join));
    expect(await it.send(3, text([9, 3]))).toBe(204);
    expect(await it.send(2, text([9, 2]))).toBe(204);
    await eventually(() => {
      expect(
        it.heard.flatMap((message) =>
          Array.isArray(message) && message[0] === 10 ? [message[1] as unknown] : [],
        ),
      ).toEqual([2, 3]);
    });
  });

  test('one that is far ahead ends it at once', async () => {
    await server.close();
    // No timer of this server ever rings.
    await start({}, manualPorts());
    const it = await raw();
    await it.send(1, text(hello));
    await it.send(10, text([9, 1]));
    await it.ended;
    expect(it.heard.at(-1)).toEqual([1002, 'requests are missing, or came twice']);
  });

  test.each([
    ['a record of no kind', new Uint8Array([9, 0, 0, 0, 0])],
    ['a record that is longer than what may come', new Uint8Array([1, 0xff, 0xff, 0xff, 0xff])],
    ['a record that is cut off', encodeRecord(recordKinds.text, frame(hello)).slice(0, -1)],
    ['a record whose head is cut off', new Uint8Array([1, 0, 0])],
    ['text that is none', encodeRecord(recordKinds.text, new Uint8Array([0xff]))],
  ] as const)('%s ends it', async (_name, record) => {
    const it = await raw();
    await it.send(1, record);
    await it.ended;
    expect(it.heard.at(-1)).toEqual([1002, 'a record that could not be read']);
  });

  test('P4 a message larger than the limit: 1009', async () => {
    const it = await raw();
    await it.send(1, encodeRecord(recordKinds.text, 'x'.repeat(70_000)));
    await it.ended;
    expect(it.heard.at(-1)).toEqual([1009, 'at most 65536 bytes']);
  });

  test('P12 another frame first: 4400', async () => {
    const it = await raw();
    await it.send(1, text(join));
    await it.ended;
    expect(it.heard.at(-1)).toEqual([4400, 'the first frame must be hello']);
  });
});

describe('P39 who may speak', () => {
  test('only whoever has the secret: anybody else is told what one is told of a connection that is not there', async () => {
    const it = await raw();
    const say = async (id: string, body: string): Promise<readonly [number, string]> => {
      const response = await fetch(`http://127.0.0.1:${port}/realtime/http/send?id=${id}`, {
        method: 'POST',
        body,
      });
      return [response.status, await response.text()];
    };
    const nobody = await say('id-of-nobody', `${secret}\n1\n`);
    expect(nobody).toEqual([404, '']);
    for (const body of [
      `another-secret-of-26-chars\n1\n`,
      `${secret.slice(0, -1)}\n1\n`,
      '',
      `${secret}`,
      '\n\n',
      `${secret}\nx\n`,
    ])
      expect(await say(it.id, body)).toEqual(nobody);
    expect(await it.send(1, text(hello)), 'none of it counted').toBe(204);
    await eventually(() => {
      expect(opcodes(it)).toContain(20);
    });
  });

  test('by way of another node: 204 whatever the named node makes of it, which is nothing without the secret; 404 where no node has the name', async () => {
    const broker = memoryBroker();
    await server.close();
    await start({ broker, node: 'named' });
    const it = await raw();
    const named = server;
    await start({ broker, node: 'other' });
    const say = async (id: string, node: string, body: string): Promise<number> =>
      (
        await fetch(`http://127.0.0.1:${port}/realtime/http/send?id=${id}&node=${node}`, {
          method: 'POST',
          body,
        })
      ).status;
    const greeting = `${secret}\n1\n${String.fromCharCode(...text(hello))}`;
    try {
      expect(await say(it.id, 'named', `another-secret-of-26-chars\n1\n`)).toBe(204);
      expect(await say('id-of-nobody', 'named', greeting)).toBe(204);
      expect(await say(it.id, 'no-such-node', greeting)).toBe(404);
      expect(await say(it.id, 'named', greeting)).toBe(204);
      await eventually(() => {
        expect(opcodes(it)).toContain(20);
      });
    } finally {
      it.abort();
      await named.close();
    }
  });

  test('an id that is taken is not given again, and one that is none is refused', async () => {
    const it = await raw();
    expect((await raw({ id: it.id })).status).toBe(409);
    expect((await raw({ id: 'x' })).status).toBe(400);
    expect((await raw({ id: `${'x'.repeat(65)}` })).status).toBe(400);
    expect((await raw({ body: 'short\nroomful.v1.json\n' })).status).toBe(400);
  });

  test('T1 a page of another origin is refused so that it can read it; its own host may come', async () => {
    const it = await raw({ headers: { origin: 'https://evil.example' } });
    expect(it.headers.get('access-control-allow-origin')).toBe('https://evil.example');
    await it.ended;
    expect(it.heard).toEqual([[4403, 'this origin may not connect']]);
    const own = await raw({ headers: { origin: `http://127.0.0.1:${port}` } });
    await own.send(1, text(hello));
    await eventually(() => {
      expect(opcodes(own)).toContain(20);
    });
    const preflight = await fetch(`http://127.0.0.1:${port}/realtime/http/send?id=x`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example' },
    });
    expect([
      preflight.status,
      preflight.headers.get('access-control-allow-origin'),
      preflight.headers.get('access-control-allow-methods'),
    ]).toEqual([204, 'https://app.example', 'POST']);
  });

  test('T2 neither secret nor token is in an address', async () => {
    const urls: string[] = [];
    const real = globalThis.fetch;
    vi.stubGlobal('fetch', (url: string | URL, init?: RequestInit) => {
      urls.push(String(url));
      return real(url, init);
    });
    try {
      const client = connect({ token: 'TOKEN-OF-ADA' });
      await eventually(() => {
        expect(client.store.getState().connection.status).toBe('connected');
      });
    } finally {
      vi.unstubAllGlobals();
    }
    expect(urls.length).toBeGreaterThanOrEqual(2);
    for (const url of urls)
      expect(url).toMatch(
        /^http:\/\/127\.0\.0\.1:\d+\/realtime\/http\/(stream|send)\?id=\w{16}(&node=[\w-]+)?$/,
      );
  });

  test('a method that is none of ours is 405, a node that drains or is full 503', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/realtime/http/stream?id=some-id-or-other`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    await server.drain({ over: 0 });
    const it = await raw();
    expect([it.status, it.headers.get('retry-after')]).toEqual([503, '1']);
  });
});

describe('T19 T21 how much', () => {
  const request = (path: string, headers: Record<string, string | number> = {}): ClientRequest => {
    const it = httpRequest({ port, host: '127.0.0.1', method: 'POST', path, headers });
    it.on('error', () => undefined);
    open.push({
      abort: () => {
        it.destroy();
      },
    });
    return it;
  };
  const answered = async (it: ClientRequest): Promise<number> => {
    const [response] = (await once(it, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode ?? 0;
  };

  test('a body beyond its bound is refused while it comes', async () => {
    const opening = request('/realtime/http/stream?id=some-id-or-other');
    opening.write('x'.repeat(3_000));
    expect(await answered(opening)).toBe(413);
    const it = await raw();
    const strange = request(`/realtime/http/send?id=${it.id}`);
    strange.write(Buffer.alloc(32_768));
    expect(await answered(strange), 'without the secret it is not read to its end').toBe(404);
    const sending = request(`/realtime/http/send?id=${it.id}`);
    const answer = answered(sending);
    sending.write(`${secret}\n1\n`);
    for (let count = 0; count < 40; count++) sending.write(Buffer.alloc(32_768));
    expect(await answer).toBe(413);
    expect(await it.send(1, text(hello)), 'that of nobody harms nobody').toBe(204);
  });

  test('a body that does not come is given up after ten seconds', async () => {
    await server.close();
    const ports = manualPorts();
    await start({}, ports);
    const before = ports.timers;
    const slow = request('/realtime/http/stream?id=some-id-or-other');
    slow.write('x');
    const status = answered(slow);
    await eventually(() => {
      expect(ports.timers).toBe(before + 1);
    });
    ports.advance(9_999);
    expect(ports.timers).toBe(before + 1);
    ports.advance(1);
    expect(await status).toBe(408);
  });

  test('a request that breaks off, and one whose address is none, harm nobody', async () => {
    const it = await raw();
    const broken = request(`/realtime/http/send?id=${it.id}`, { 'content-length': 100 });
    broken.write(`${secret}\n1\n`);
    await eventually(() => {
      expect(broken.socket?.bytesWritten).toBeGreaterThan(0);
    });
    broken.destroy();
    for (const path of [
      '//',
      '/realtime/http/',
      '/realtime/http/stream',
      '/realtime/http/stream?id=%',
      '/realtime/http/stream?id[]=1',
      '/realtime/http/send?id=..%2f..',
    ])
      expect(await answered(request(path).end())).toBeGreaterThanOrEqual(400);
    expect(await it.send(1, text(hello))).toBe(204);
  });

  test('a reader that reads nothing is given up, and costs no more than twice its buffer', async () => {
    await server.close();
    await start({ buffer: 65_536, limits: { roomRate: 1_000_000, rate: 1_000_000 } });
    const opening = request('/realtime/http/stream?id=id-of-a-sleeper');
    opening.end(`${secret}\nroomful.v1.json\n`);
    const [response] = (await once(opening, 'response')) as [IncomingMessage];
    response.pause();
    const sleeper = (count: number, ...records: Uint8Array[]): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/realtime/http/send?id=id-of-a-sleeper`, {
        method: 'POST',
        body: new Blob([`${secret}\n${count}\n`, ...(records as Uint8Array<ArrayBuffer>[])]),
      });
    await sleeper(1, text(hello, join));
    await eventually(() => {
      expect(server.stats().rooms).toBe(1);
    });
    const room = server.room('lobby');
    for (let count = 0; count < 1_000; count++) await room.send('post', 'x'.repeat(16_000));
    expect(server.stats().bytesQueued).toBeLessThan(3 * 65_536 + 2 ** 20);
  });

  test('one that is told to go and reads nothing is cut off: what waits for it waits no longer than five seconds', async () => {
    await server.close();
    const ports = manualPorts();
    await start({}, ports);
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const at = (http.address() as AddressInfo).port;
    server.attach(http);
    const opening = httpRequest({
      port: at,
      host: '127.0.0.1',
      method: 'POST',
      path: '/realtime/http/stream?id=id-of-a-sleeper',
    });
    opening.on('error', () => undefined);
    opening.end(`${secret}\nroomful.v1.json\n`);
    const [response] = (await once(opening, 'response')) as [IncomingMessage];
    response.pause();
    const say = (count: number, ...records: Uint8Array[]): Promise<Response> =>
      fetch(`http://127.0.0.1:${at}/realtime/http/send?id=id-of-a-sleeper`, {
        method: 'POST',
        body: new Blob([`${secret}\n${count}\n`, ...(records as Uint8Array<ArrayBuffer>[])]),
        headers: { connection: 'close' },
      });
    await say(1, text(hello, join));
    const room = server.room('lobby');
    for (let count = 0; count < 300; count++) await room.send('post', 'x'.repeat(30_000));
    await say(2, new Uint8Array([9, 0, 0, 0, 0]));
    const connections = (): Promise<number> =>
      new Promise((resolve) => {
        http.getConnections((_error, count) => {
          resolve(count);
        });
      });
    ports.advance(4_999);
    expect(await connections()).toBeGreaterThanOrEqual(1);
    ports.advance(1);
    await eventually(async () => {
      expect(await connections()).toBe(0);
    });
    http.close();
  });

  /** Says all of `requests` on one connection; the status of each answer. */
  async function statusesOf(requests: readonly string[]): Promise<readonly number[]> {
    const socket = connectTo(port, '127.0.0.1');
    open.push({
      abort: () => {
        socket.destroy();
      },
    });
    let said = '';
    socket.on('data', (data: Buffer) => {
      said += data.toString();
    });
    socket.on('error', () => undefined);
    socket.write(requests.join(''));
    await eventually(() => {
      expect(said.match(/HTTP\/1\.1 /g)).toHaveLength(requests.length);
    });
    return Array.from(said.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status));
  }
  const requestTo = (node: string, body: string, from = '10.0.0.1'): string =>
    `POST /realtime/http/send?id=id-of-nobody&node=${node} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${from}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const counted = (statuses: readonly number[], ...of: readonly number[]): readonly number[] =>
    of.map((status) => statuses.filter((it) => it === status).length);

  test('T48 P39 requests that are handed on to other nodes are bounded: for one network by half of what there is for all', async () => {
    await server.close();
    // Time stands still: a slow machine earns no more requests.
    await start({ trustProxy: 1 }, manualPorts());
    const some = (from: string): Promise<readonly (readonly number[])[]> =>
      Promise.all(
        Array.from({ length: 10 }, () =>
          statusesOf(Array.from({ length: 100 }, () => requestTo('elsewhere', `${secret}\n1\n`, from))),
        ),
      );
    expect(counted((await some('10.0.0.1')).flat(), 404, 503)).toEqual([500, 500]);
    expect(counted((await some('10.0.0.2')).flat(), 404, 503)).toEqual([500, 500]);
    expect(counted((await some('10.0.0.3')).flat(), 404, 503)).toEqual([0, 1_000]);
  });

  test('T48 P39 bytes that are handed on to other nodes are bounded: 16 MiB at once, half of them from one network', async () => {
    await server.close();
    const handed: number[] = [];
    const broker = memoryBroker();
    await start(
      {
        trustProxy: 1,
        broker: {
          ...broker,
          hand(_node, { body }) {
            handed.push(body.length);
            return true;
          },
        },
      },
      manualPorts(),
    );
    const body = `${secret}\n1\n`.padEnd(131_072, 'x');
    const some = async (from: string): Promise<readonly number[]> => {
      const statuses: number[] = [];
      for (let count = 0; count < 10; count++)
        statuses.push(
          ...(await statusesOf(Array.from({ length: 10 }, () => requestTo('elsewhere', body, from)))),
        );
      return statuses;
    };
    expect(counted(await some('10.0.0.1'), 204, 503)).toEqual([64, 36]);
    expect(counted(await some('10.0.0.2'), 204, 503)).toEqual([64, 36]);
    expect(counted(await some('10.0.0.3'), 204, 503)).toEqual([0, 100]);
    expect(handed).toHaveLength(128);
  });

  /** Begins bodies of 1 MiB, ends none of them, and waits until each was read or refused. */
  async function holdBodies(count: number, path: string, head: string): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const socket = connectTo(port, '127.0.0.1');
        open.push({
          abort: () => {
            socket.destroy();
          },
        });
        socket.on('error', () => undefined);
        socket.resume();
        socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n`);
        await new Promise<void>((resolve) => {
          socket.once('close', () => {
            resolve();
          });
          socket.write(head.padEnd(1_048_575, 'x'), () => {
            resolve();
          });
        });
      }),
    );
  }

  test('T47 a stranger that begins 64 MiB of bodies takes no place from anybody: others speak, and newcomers open streams', async () => {
    const victim = await raw();
    expect(await victim.send(1, encodeRecord(recordKinds.text, frame(hello)))).toBe(204);
    await eventually(() => {
      expect(victim.heard.length).toBeGreaterThan(1);
    });
    const stranger = await raw();
    const own = `/realtime/http/send?id=${stranger.id}`;
    for (const [path, head] of [
      [own, `${secret}\n1\n`],
      [own, 'no secret'],
      [`/realtime/http/send?id=${victim.id}`, 'a-secret-that-is-made-up---\n2\n'],
      ['/realtime/http/send?id=id-of-nobody&node=elsewhere', `${secret}\n1\n`],
    ] as const)
      await holdBodies(66, path, head);
    expect(await victim.send(2, encodeRecord(recordKinds.text, frame([9, 1])))).toBe(204);
    const newcomer = await raw();
    expect(newcomer.status).toBe(200);
    expect(await newcomer.send(1, encodeRecord(recordKinds.text, frame(hello)))).toBe(204);
  });

  test('T47 a connection that has not said who it is may say 256 KiB in one body, one that has may say 1 MiB', async () => {
    const nothing = encodeRecord(recordKinds.text, frame([99, 'x'.repeat(10_000)]));
    const some = (bytes: number): Uint8Array[] =>
      Array.from({ length: Math.floor(bytes / nothing.length) }, () => nothing);
    const stranger = await raw();
    expect(await stranger.send(1, ...some(290_000))).toBe(413);
    const known = await raw();
    expect(await known.send(1, encodeRecord(recordKinds.text, frame(hello)))).toBe(204);
    await eventually(() => {
      expect(known.heard.length).toBeGreaterThan(1);
    });
    expect(await known.send(2, ...some(1_000_000))).toBe(204);
    expect(await known.send(3, ...some(1_060_000))).toBe(413);
  });
});

describe("beside an app of one's own", () => {
  test('attach takes its paths first, leaves the rest, and gives back what it took', async () => {
    const http = createServer((request, response) => {
      response.end(`app ${request.url}`);
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const at = (http.address() as AddressInfo).port;
    const stop = server.attach(http, { path: '/rt' });
    const body = async (path: string, method = 'GET'): Promise<string> =>
      (await fetch(`http://127.0.0.1:${at}${path}`, { method })).text();
    expect(await body('/')).toBe('app /');
    expect(await body('/rt/http/other', 'POST')).toBe('app /rt/http/other');
    const client = connect({ url: `ws://127.0.0.1:${at}/rt` });
    await eventually(() => {
      expect(client.store.getState().connection).toMatchObject({ status: 'connected', transport: 'http' });
    });
    client.close();
    stop();
    expect(await body('/rt/http/stream?id=some-id-or-other', 'POST')).toBe(
      'app /rt/http/stream?id=some-id-or-other',
    );
    http.close();
    http.closeAllConnections();
  });
});
