// The door over real sockets, as an attacker meets it: before a hello, at the handshake, and in WebSocket's own frames. The server is a process of its own wherever its memory or its life is at stake.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../src/client/index.js';
import type { Broker } from '../../src/server/broker/broker.js';
import {
  createRealtimeServer,
  json,
  memoryBroker,
  msgpack,
  serve,
  type Codec,
  type RealtimeServer,
  type ServerOptions,
} from '../../src/server/node/index.js';
import { eventually } from '../support/eventually.js';
import { sized } from '../support/sizes.js';
import type { Cost } from '../support/server/measured-server.js';
import {
  rawConnection,
  rawWebSocket,
  upgradeHead,
  type Ending,
  type RawConnection,
} from '../support/network/raw-connection.js';
import { bundleServer, startServer, type ServerProcess } from '../support/server/server-process.js';
import { clientFrame, opcodes, readFrames } from '../support/network/websocket-frames.js';

const MiB = 2 ** 20;
/** How much of the server's CPU may go by, in ms, while somebody else waits for a turn; it takes a tenth to a half of that. By its CPU and not by the clock: the machine may have other work. */
const mayTake = 150;
const hello = (session = 'session-of-a-raw-peer', token: string | null = 'mallory'): readonly unknown[] => [
  1,
  session,
  'i',
  token,
  false,
  'raw',
];
const join = [2, 'lobby', null, 0, null];
const later = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Resolves once the connection has ended, with how it ended. */
const endOf = ({ ended }: RawConnection): Promise<Ending> => ended;

/** A real client is welcome, joins and sends. */
async function stillServes(port: number): Promise<void> {
  const client = createClient({
    url: `ws://127.0.0.1:${port}/realtime`,
    token: `good-${Math.random()}`,
    WebSocket,
  });
  try {
    client.connect();
    expect(await client.room('lobby').send('m', 1)).toMatchObject({ duplicate: false });
  } finally {
    client.close();
  }
}

/** Another connection, which asks for an answer every 2 ms. `stop` says how many it got. */
async function bystander(port: number): Promise<{ readonly stop: () => number }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime`, 'roomful.v1.json');
  await once(socket, 'open');
  let count = 0;
  socket.on('message', (text: Buffer) => {
    for (const line of text.toString().split('\n')) if ((JSON.parse(line) as [number])[0] === 10) count++;
  });
  socket.send(JSON.stringify(hello('session-of-a-bystander', 'good')));
  const timer = setInterval(() => {
    socket.send(JSON.stringify([9, performance.now()]));
  }, 2);
  return {
    stop() {
      clearInterval(timer);
      socket.terminate();
      return count;
    },
  };
}

describe('in this process', () => {
  let server: RealtimeServer;
  let port = 0;
  /** What was asked of the broker, of `authenticate` and of `authorize`. */
  let asked: string[] = [];
  const logged: string[] = [];
  const requests: string[] = [];

  function counting(broker: Broker): Broker {
    return new Proxy(broker, {
      get(target, name) {
        const it: unknown = Reflect.get(target, name);
        return typeof it !== 'function'
          ? it
          : (...args: unknown[]) => {
              asked.push(String(name));
              return Reflect.apply(it, target, args) as unknown;
            };
      },
    });
  }

  async function start(options: Partial<ServerOptions> = {}): Promise<void> {
    const log = (details: object, message: string): void => {
      logged.push(`${message} ${JSON.stringify(details)}`);
    };
    const count =
      (name: string) =>
      <T>(answer: T) =>
      (): T => {
        asked.push(name);
        return answer;
      };
    server = createRealtimeServer({
      rooms: [serve('lobby', { presence: true, authorize: count('authorize')(true) })],
      authenticate: count('authenticate')({ id: 'somebody' }),
      broker: counting(memoryBroker()),
      logger: { info: log, warn: log, error: log },
      ...options,
    });
    const http = createServer();
    http.on('upgrade', ({ method, url, rawHeaders }) => {
      requests.push(`${method} ${url} ${rawHeaders.join(' ')}`);
    });
    server.attach(http);
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    ({ port } = http.address() as AddressInfo);
    asked = [];
    onTestFinished(async () => {
      await server.close();
      http.closeAllConnections();
      http.close();
    });
  }

  test('T2 neither a token, nor a session key, nor a payload is in a request, in a log line, or in what others hear, whatever goes wrong', async () => {
    const secrets = [
      'a-token-of-ada',
      'a-token-that-is-refused',
      'a-token-that-throws',
      'a-token-of-eve',
      'a-session-key-of-26-letters',
      'a-payload-in-private',
    ];
    const [token = '', refused = '', throws = '', another = '', session = '', payload = ''] = secrets;
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
      vi.spyOn(console, method).mockImplementation((...words: unknown[]) => {
        logged.push(words.map(String).join(' '));
      });
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, 'write').mockImplementation((text) => logged.push(String(text)) > 0);
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const quoting = ({ data }: { readonly data: unknown }): never => {
      throw new Error(`cannot handle ${JSON.stringify(data)}`);
    };
    await start({
      rooms: [
        serve('lobby', { presence: true, on: { bad: quoting } }),
        serve('guarded', {
          authorize: ({ data }) => {
            throw new Error(`cannot judge ${JSON.stringify(data)}`);
          },
        }),
      ],
      authenticate({ token: it }) {
        if (it === throws) throw new Error(`cannot verify ${it}`);
        return it === refused ? null : { id: it === another ? 'eve' : 'ada' };
      },
    });
    const listener = await rawWebSocket({ port });
    listener.say(hello('session-of-a-listener', another), join);
    await listener.hears('[21,');

    const client = createClient({ url: `ws://127.0.0.1:${port}/realtime`, token, WebSocket });
    client.connect();
    const room = client.room('lobby');
    await room.send('m', 'hi');
    await expect(room.send('bad', payload)).rejects.toMatchObject({ code: 'rejected' });
    client.close();

    const raw = async (...frames: readonly (readonly unknown[])[]): Promise<number | null> => {
      const peer = await rawWebSocket({ port });
      peer.say(...frames);
      const { code } = await endOf(peer);
      return code;
    };
    const mine = hello(session, token);
    expect(await raw(hello(session, refused))).toBe(4401);
    expect(await raw(hello(session, throws))).toBe(4500);
    expect(await raw([1, session, 'i', token, 'not a boolean', 'raw'])).toBe(4400);
    expect(await raw(mine, mine)).toBe(4400);
    expect(await raw(mine, [8, refused])).toBe(4401);
    expect(await raw(mine, [8, another])).toBe(4403);
    expect(
      await raw(
        mine,
        [2, 'lobby', null, 0, { payload }],
        [2, 'guarded', null, 0, { payload }],
        [5, 'lobby', 'm', 1, { constructor: payload }],
        [4, 'lobby', 1, 'x', 'bad', 1, payload],
        [4, 'lobby', '2', payload],
      ),
    ).toBe(4400);

    expect(requests.length).toBeGreaterThan(8);
    expect(logged.length).toBeGreaterThan(0);
    for (const secret of secrets) {
      expect(requests.filter((line) => line.includes(secret))).toEqual([]);
      expect(logged.filter((line) => line.includes(secret))).toEqual([]);
      expect(listener.heard.filter((line) => secret !== payload && line.includes(secret))).toEqual([]);
    }
    listener.socket.destroy();
  });

  test('T3 a connection that does not say hello is closed with 4408, whatever else it does', async () => {
    await start();
    const ways: Record<string, (peer: RawConnection) => void> = {
      'says nothing': () => undefined,
      'pings all the time': (peer) => {
        const timer = setInterval(() => {
          peer.write(clientFrame(opcodes.ping, Buffer.from('hi')));
        }, 200);
        void peer.ended.then(() => {
          clearInterval(timer);
        });
      },
      'begins a hello': (peer) => {
        peer.write(clientFrame(opcodes.text, Buffer.from('[1,"session'), { fin: false }));
      },
      'begins a frame': (peer) => {
        peer.write(clientFrame(opcodes.text, Buffer.from('[1,"session'), { claims: 60_000 }));
      },
    };
    const ends = await Promise.all(
      Object.entries(ways).map(async ([name, act]) => {
        const peer = await rawWebSocket({ port });
        act(peer);
        // A peer in the middle of a frame cannot even answer the close: its end is another matter, below.
        const { code } = await peer.closed;
        peer.socket.destroy();
        return { name, code };
      }),
    );
    expect(ends).toEqual(Object.keys(ways).map((name) => ({ name, code: 4408 })));
    expect(asked).toEqual([]);
  });

  const first: Readonly<Record<string, readonly unknown[]>> = {
    join,
    leave: [3, 'lobby'],
    send: [4, 'lobby', 1, 'x', 'm', 1, 1],
    broadcast: [5, 'lobby', 'm', 1, 1],
    presence: [6, 'lobby', {}],
    history: [7, 1, 'lobby', null, 5],
    auth: [8, 't'],
    ping: [9, 1],
    pong: [10, 1],
  };
  describe.each<[string, Codec]>([
    ['json', json()],
    ['msgpack', msgpack()],
  ])('%s', (protocol, codec) => {
    const message = (...frames: readonly (readonly unknown[])[]): Buffer => {
      const whole = codec.join(frames.map((frame) => codec.encode(frame).slice()));
      return clientFrame(typeof whole === 'string' ? opcodes.text : opcodes.binary, Buffer.from(whole));
    };

    test.each(Object.keys(first))(
      'T3 %s before a hello closes with 4400, and nothing is asked or done',
      async (name) => {
        await start();
        const peer = await rawWebSocket({ port, protocol: `roomful.v1.${protocol}` });
        // Nor does a hello that comes too late do anything.
        peer.write(message(first[name] ?? [], hello(), join));
        const { code } = await endOf(peer);
        expect([code, asked, peer.heard, server.stats().connections]).toEqual([4400, [], [], 0]);
      },
    );

    test('T3 what is no frame that anybody knows is no hello either', async () => {
      await start();
      const peer = await rawWebSocket({ port, protocol: `roomful.v1.${protocol}` });
      peer.write(message([77, 1]));
      const { code } = await endOf(peer);
      expect([code, asked, peer.heard]).toEqual([4400, [], []]);
    });

    test('T3 a second hello closes with 4400, whether behind the first or long after', async () => {
      await start();
      const behind = await rawWebSocket({ port, protocol: `roomful.v1.${protocol}` });
      behind.write(message(hello(), hello()));
      expect((await endOf(behind)).code).toBe(4400);
      const after = await rawWebSocket({ port, protocol: `roomful.v1.${protocol}` });
      after.write(message(hello(), join));
      await after.hears('lobby');
      asked = [];
      after.write(message(hello()));
      expect((await endOf(after)).code).toBe(4400);
      expect(asked.filter((name) => name === 'authenticate')).toEqual([]);
    });
  });
});

describe('in a process of its own', () => {
  let program: Awaited<ReturnType<typeof bundleServer>>;
  let server: ServerProcess;
  const rooms = { lobby: { presence: true } };

  beforeAll(async () => {
    program = await bundleServer();
  });
  afterAll(() => program.remove());
  beforeEach(async () => {
    server = await startServer(program.files[0] ?? '', { rooms });
  });
  afterEach(() => {
    server.stop();
  });
  /** What it costs once it has had some work, large messages and small ones: a process that was only just started grows, and is slow, whatever it does. */
  async function warm(): Promise<Cost> {
    const peer = await rawWebSocket({ port: server.port });
    peer.say(hello('session-of-the-first'));
    for (let count = 1; count <= 500; count++) {
      peer.say([9, count, 'x'.repeat(60_000)]);
      await peer.hears(`[10,${count},`);
    }
    peer.socket.resetAndDestroy();
    const pings = Buffer.concat(
      Array.from({ length: 1_500 }, () => clientFrame(opcodes.ping, Buffer.alloc(0))),
    );
    for (let count = 0; count < 10; count++) {
      const small = await rawWebSocket({ port: server.port });
      small.say(hello(`session-of-the-small-${count}`));
      small.write(pings);
      small.say([9, count]);
      await small.hears(`[10,${count},`);
      small.socket.resetAndDestroy();
    }
    return server.measure(true);
  }
  /** By how much the process grew at worst since `before`. */
  const growth = async (before: { readonly rss: number }): Promise<number> =>
    (await server.measure()).peak - before.rss;
  /** Somebody who has said hello. */
  const welcome = async (): Promise<RawConnection> => {
    const peer = await rawWebSocket({ port: server.port });
    peer.say(hello());
    await peer.hears('[20,');
    return peer;
  };

  const offers = [
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_no_context_takeover; client_max_window_bits=15',
    'x-webkit-deflate-frame, permessage-deflate',
    'permessage-deflate; ;=,,"',
  ];

  test.each(offers)('T27 no compression is negotiated where it is offered: %s', async (offer) => {
    const peer = await rawWebSocket({ port: server.port, lines: [`Sec-WebSocket-Extensions: ${offer}`] });
    expect(await peer.head).toMatch(/^HTTP\/1\.1 101 /);
    expect(await peer.head).not.toMatch(/extensions/i);
    peer.say(hello());
    await peer.hears('[20,');
    peer.socket.destroy();
  });

  test('T27 a client that would compress does not', async () => {
    const socket = new WebSocket(server.url, 'roomful.v1.json', { perMessageDeflate: true });
    await once(socket, 'open');
    expect(socket.extensions).toBe('');
    socket.terminate();
  });

  test.each([
    ['before a hello', false],
    ['after it', true],
  ])('T13 50 MB of zeros, compressed, are refused %s, and never inflated', async (_, known) => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000), { level: 9 });
    expect(bomb.length).toBeLessThan(65_536);
    const before = await warm();
    const bytes = clientFrame(opcodes.binary, bomb, { reserved: 0x40 });
    for (let count = 0; count < 20; count++) {
      const peer = await rawWebSocket({
        port: server.port,
        lines: [`Sec-WebSocket-Extensions: ${offers[1]}`],
      });
      if (known) {
        peer.say(hello(`session-${count}`));
        await peer.hears('[20,');
      }
      peer.write(bytes);
      expect((await endOf(peer)).code).toBe(1002);
    }
    expect(await growth(before)).toBeLessThan(16 * MiB);
    await stillServes(server.port);
  });

  /** How many fragments an attacker writes, and how often. */
  const fragments = sized(200_000, 1_000_000);
  const rounds = sized(3, 10);

  /** Many small frames, written as fast as the server takes them. Resolves with how many it took before it ended the connection; where our side stays open, it takes all. */
  async function flood({ socket, ended }: RawConnection, one: Buffer, count: number): Promise<number> {
    let over = socket.destroyed;
    const end = (): void => {
      over = true;
    };
    socket.once('close', end);
    if (!socket.allowHalfOpen) void ended.then(end);
    const chunk = Buffer.concat(Array.from({ length: 1_000 }, () => one));
    let written = 0;
    for (; written < count && !over; written += 1_000) {
      if (!socket.write(chunk))
        await new Promise<void>((resolve) => {
          socket.once('drain', resolve).once('close', resolve);
        });
      // So that an end is seen where the line takes everything.
      else
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
    }
    return written;
  }

  test.each([
    ['one byte', 'x'],
    ['no byte', ''],
  ])(
    `T14 ${fragments} fragments of %s on one connection, which goes on whatever it hears, ${rounds} times: refused with 1008, at little cost, and others do not notice`,
    async (_, content) => {
      const other = await bystander(server.port);
      const before = await warm();
      let first: Cost | null = null;
      for (let count = 0; count < rounds; count++) {
        const peer = await rawWebSocket({ port: server.port, answers: false, halfOpen: true });
        peer.say(hello(`session-${count}`));
        peer.write(clientFrame(opcodes.text, Buffer.from(content), { fin: false }));
        const written = await flood(
          peer,
          clientFrame(opcodes.continuation, Buffer.from(content), { fin: false }),
          fragments,
        );
        const { code } = await endOf(peer);
        peer.socket.destroy();
        expect([code, written]).toEqual([1008, fragments]);
        first ??= await server.measure();
      }
      expect(other.stop()).toBeGreaterThan(20);
      const after = await server.measure(true);
      expect((first?.peak ?? Infinity) - before.rss).toBeLessThan(32 * MiB);
      // Buffers that were read and dropped may wait for the collector. None is kept.
      expect(after.heap - before.heap).toBeLessThan(8 * MiB);
      expect(Math.max(first?.turn ?? Infinity, after.turn)).toBeLessThan(mayTake);
      await stillServes(server.port);
    },
  );

  test(`T14 ${fragments} fragments of as many connections as it takes: each refused with 1008, at little cost, and others do not notice`, async () => {
    const other = await bystander(server.port);
    const before = await warm();
    const codes = new Set<number | null>();
    let written = 0;
    for (let count = 0; written < fragments; count++) {
      const peer = await rawWebSocket({ port: server.port, answers: false });
      peer.say(hello(`session-${count}`));
      peer.write(clientFrame(opcodes.text, Buffer.from('x'), { fin: false }));
      written += await flood(
        peer,
        clientFrame(opcodes.continuation, Buffer.from('x'), { fin: false }),
        10_000,
      );
      codes.add((await endOf(peer)).code);
    }
    expect(other.stop()).toBeGreaterThan(20);
    const { peak, turn } = await server.measure();
    expect([...codes]).toEqual([1008]);
    expect(peak - before.rss).toBeLessThan(32 * MiB);
    expect(turn).toBeLessThan(mayTake);
    await stillServes(server.port);
  });

  test('T14 a few fragments, empty ones among them, and a frame in pieces of one byte, are a message like any other', async () => {
    const peer = await welcome();
    const parts = ['', '[', '9,', '', '1', '2', ']', ''];
    parts.forEach((part, index) => {
      peer.write(
        clientFrame(index === 0 ? opcodes.text : opcodes.continuation, Buffer.from(part), {
          fin: index === parts.length - 1,
        }),
      );
    });
    await peer.hears('[10,12,');
    for (const byte of clientFrame(opcodes.text, Buffer.from('[9,34]'), { key: Buffer.from([1, 2, 3, 4]) })) {
      peer.write(Buffer.from([byte]));
      await later(1);
    }
    expect(await peer.hears('[10,34,')).toContain('[10,34,');
    peer.socket.destroy();
  });

  test.each([
    ['empty', 0, sized(200_000, 1_000_000)],
    ['as large as they may be', 125, sized(100_000, 200_000)],
  ])(
    'T15 pings, %s, whose answers nobody reads: closed with 4429, at little cost, and others do not notice',
    async (_, length, count) => {
      const other = await bystander(server.port);
      const before = await warm();
      const peer = await welcome();
      peer.socket.pause();
      await flood(peer, clientFrame(opcodes.ping, Buffer.alloc(length)), count);
      // The server has no such connection any more, though its peer has seen nothing of it yet.
      await eventually(async () => {
        expect(await (await fetch(`http://127.0.0.1:${server.port}/health/ready`)).json()).toMatchObject({
          connections: 1,
        });
      });
      peer.socket.resume();
      const { code } = await endOf(peer);
      expect(other.stop()).toBeGreaterThan(20);
      const { peak, turn } = await server.measure();
      expect(code).toBe(4429);
      expect(peak - before.rss).toBeLessThan(32 * MiB);
      expect(turn).toBeLessThan(mayTake);
      await stillServes(server.port);
    },
  );

  test('T15 of pings that come at once the newest is answered', async () => {
    const peer = await welcome();
    const answers: string[] = [];
    peer.socket.on(
      'data',
      readFrames((opcode, payload) => {
        if (opcode === opcodes.pong) answers.push(payload.toString());
      }),
    );
    peer.write(
      Buffer.concat(
        Array.from({ length: 100 }, (_, index) => clientFrame(opcodes.ping, Buffer.from(String(index)))),
      ),
    );
    await eventually(() => {
      expect(answers).toEqual(['99']);
    });
    peer.write(clientFrame(opcodes.ping, Buffer.from('one more')));
    await eventually(() => {
      expect(answers).toEqual(['99', 'one more']);
    });
    peer.socket.destroy();
  });

  test('T15 pings whose answers are read count as well: closed with 4429', async () => {
    const socket = new WebSocket(server.url, 'roomful.v1.json');
    await once(socket, 'open');
    socket.send(JSON.stringify(hello()));
    const closed = once(socket, 'close') as Promise<[number]>;
    let open = true;
    let count = 0;
    void closed.then(() => {
      open = false;
    });
    for (; open && count < 100_000; count += 50) {
      for (let some = 0; some < 49; some++) socket.ping('');
      socket.ping('last');
      await Promise.race([
        new Promise<void>((resolve) => {
          socket.on('pong', (data) => {
            if (data.length > 0) resolve();
          });
        }),
        closed,
      ]);
      socket.removeAllListeners('pong');
    }
    expect((await closed)[0]).toBe(4429);
    expect(count).toBeGreaterThan(20_000);
  });

  const floods: readonly (readonly [string, number, string, code: number])[] = [
    ['pongs nobody asked for', opcodes.pong, 'x', 4429],
    ['frames of Roomful that nobody knows', opcodes.text, '[77,1]', 4429],
    ['empty messages', opcodes.binary, '', 4400],
  ];
  test.each(floods)('T15 100,000 %s: closed, and no answer waited for', async (_, opcode, content, code) => {
    const peer = await rawWebSocket({
      port: server.port,
      answers: false,
      protocol: opcode === opcodes.binary ? 'roomful.v1.msgpack' : 'roomful.v1.json',
    });
    const greeting = msgpack().encode(hello());
    if (opcode === opcodes.binary) peer.write(clientFrame(opcodes.binary, Buffer.from(greeting)));
    else peer.say(hello());
    await peer.hears('');
    await flood(peer, clientFrame(opcode, Buffer.from(content)), 100_000);
    expect((await endOf(peer)).code).toBe(code);
  });

  describe('T17 a handshake gone wrong', () => {
    const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: y`);
    const heads: Readonly<Record<string, string>> = {
      'no key': upgradeHead().replace(/Sec-WebSocket-Key.*\r\n/, ''),
      'a key that is none': upgradeHead().replace(/(Sec-WebSocket-Key: ).*/, '$1short'),
      'an old version': upgradeHead().replace('Version: 13', 'Version: 7'),
      'an upgrade to something else': upgradeHead().replace('Upgrade: websocket', 'Upgrade: h2c'),
      'an empty upgrade': upgradeHead().replace('Upgrade: websocket', 'Upgrade:'),
      'two upgrades': upgradeHead().replace('Upgrade: websocket', 'Upgrade: websocket, h2c'),
      'another method': upgradeHead().replace('GET', 'POST'),
      'a body': upgradeHead({ lines: ['Content-Length: 99999'] }).replace('GET', 'POST'),
      'a protocol that is no token': upgradeHead({ protocol: 'a b, , "' }),
      'a protocol offered twice': upgradeHead({ protocol: 'roomful.v1.json, roomful.v1.json' }),
      'a target that is no path': upgradeHead({ path: '//[' }),
      'an absolute target that is no URL': upgradeHead({ path: 'http://%' }),
      'another path': upgradeHead({ path: '/elsewhere' }),
      'a line that is no header': upgradeHead({ lines: ['no colon here'] }),
      'a NUL in a header': upgradeHead({ lines: ['X: a\0b'] }),
      'a header of 100 KB': upgradeHead({ lines: [`X: ${'y'.repeat(100_000)}`] }),
      '2,000 headers of some length': upgradeHead({
        lines: many(2_000).map((line) => `${line}${'y'.repeat(9)}`),
      }),
      'so many headers that those of the upgrade come too late': `GET /realtime HTTP/1.1\r\n${'a:b\r\n'.repeat(2_100)}${upgradeHead().split('\r\n').slice(1).join('\r\n')}`,
      'no HTTP at all': '\u0000\u0001\u0002'.repeat(1_000),
      'a TLS hello': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
    };

    test.each(Object.keys(heads))('T17 %s: refused, and the process lives', async (name) => {
      for (let count = 0; count < 5; count++) {
        const peer = await rawConnection({ port: server.port });
        peer.write(Buffer.from(heads[name] ?? '', 'latin1'));
        // A request of plain HTTP leaves the connection open: then only its head tells.
        const refusal = await Promise.race([peer.head, endOf(peer).then(() => peer.head)]);
        expect(refusal).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
        peer.socket.destroy();
      }
      await stillServes(server.port);
      expect(server.death()).toBeNull();
    });

    test('T17 2,000 headers that fit into what headers may take: served like any other, since Node counts no more of them', async () => {
      const peer = await rawWebSocket({ port: server.port, lines: many(2_000) });
      peer.say(hello());
      await peer.hears('[20,');
      peer.socket.destroy();
      await stillServes(server.port);
    });

    /** Resets a connection after so many bytes of its upgrade, at once or when the server has read them. */
    async function reset(port: number, path: string, share: number, patient: boolean): Promise<void> {
      const peer = await rawConnection({ port });
      const head = upgradeHead({ path });
      peer.write(head.slice(0, Math.ceil(head.length * share)));
      if (patient) await later(2);
      peer.socket.resetAndDestroy();
    }

    test.each(['/realtime', '/elsewhere', '/health/live'])(
      'T17 a reset at 10 points of an upgrade of %s, 50 times each',
      async (path) => {
        for (let point = 1; point <= 10; point++) {
          for (let count = 0; count < 50 && server.death() === null; count++)
            await reset(server.port, path, point / 10, count % 2 === 0).catch(() => undefined);
        }
        await server.measure().catch(() => undefined);
        expect(server.death()).toBeNull();
        await stillServes(server.port);
        expect((await server.measure()).connections).toBeLessThanOrEqual(1);
      },
    );

    test("T17 a reset of an upgrade that an HTTP server of the app's gets and nobody serves", async () => {
      const beside = await startServer(program.files[0] ?? '', { rooms, attached: true });
      onTestFinished(() => {
        beside.stop();
      });
      for (let count = 0; count < 50 && beside.death() === null; count++)
        await reset(beside.port, '/elsewhere', 1, count % 2 === 0).catch(() => undefined);
      await beside.measure().catch(() => undefined);
      expect(beside.death()).toBeNull();
      await stillServes(beside.port);
    });
  });

  describe('T19 who is slow, or never ends', () => {
    test('T19 500 sockets write their upgrade a byte a second, and 100 say nothing after it: a good client is served meanwhile, and all are ended', async () => {
      const head = upgradeHead();
      const slow = await Promise.all(Array.from({ length: 500 }, () => rawConnection({ port: server.port })));
      const silent = await Promise.all(
        Array.from({ length: 100 }, () => rawConnection({ port: server.port })),
      );
      const idle = await Promise.all(Array.from({ length: 100 }, () => rawWebSocket({ port: server.port })));
      let at = 0;
      const write = (): void => {
        for (const peer of slow) if (!peer.socket.destroyed) peer.write(head[at] ?? '');
        at++;
      };
      // The time that a head has begins with its first byte.
      write();
      const timer = setInterval(write, 1_000);
      onTestFinished(() => {
        clearInterval(timer);
        for (const { socket } of [...slow, ...silent, ...idle]) socket.destroy();
      });
      await later(2_500);
      await stillServes(server.port);
      const closed = await Promise.all(idle.map(endOf));
      expect(closed.filter(({ code }) => code !== 4408)).toEqual([]);
      await stillServes(server.port);
      await Promise.all([...slow, ...silent].map(endOf));
      await stillServes(server.port);
    });

    /** Resolves once the server has cut the connection: then it answers what still comes with a reset. */
    function cutOf({ socket }: RawConnection): Promise<'cut'> {
      const timer = setInterval(() => {
        socket.write('x');
      }, 250);
      onTestFinished(() => {
        clearInterval(timer);
        socket.destroy();
      });
      return new Promise((resolve) => {
        socket.once('close', () => {
          resolve('cut');
        });
      });
    }

    test.each([
      ['is not known', hello('session-of-nobody', ''), 4401],
      ['breaks the rules', [9, 1], 4400],
    ] as const)('T19 a peer that %s, and does not answer a close, is cut', async (_, frame, expected) => {
      const peer = await rawWebSocket({ port: server.port, answers: false, halfOpen: true });
      peer.say(frame);
      expect((await peer.closed).code).toBe(expected);
      expect(await cutOf(peer)).toBe('cut');
    });

    test('T19 a peer that keeps its side open after a refusal is cut', async () => {
      const peer = await rawConnection({ port: server.port, halfOpen: true });
      peer.write(upgradeHead({ path: '/elsewhere' }));
      await endOf(peer);
      expect(await cutOf(peer)).toBe('cut');
    });
  });
});
