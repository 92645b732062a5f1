// A server in a process of its own, which says what it costs, and speaks in a room when it is told to.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createRealtimeServer, serve, type ServerOptions } from '../../../src/server/node/index.js';
import { cpuTime } from '../cpu.js';

/** What the process is started with. */
export interface ServerOrders {
  /** By pattern. */
  readonly rooms: Readonly<Record<string, { readonly presence?: boolean; readonly history?: number }>>;
  readonly options?: Pick<ServerOptions, 'heartbeat' | 'presenceGrace' | 'limits'>;
  /** Whether it stands beside an app on an HTTP server of the app's. */
  readonly attached?: boolean;
}

/** Asked of the process. `answer`: it is there. `measure`: garbage is collected first where `collect` is set. `talk`: so many messages of so many bytes. */
export type ServerAsk =
  | { readonly ask: 'answer' }
  | { readonly ask: 'measure'; readonly collect: boolean }
  | {
      readonly ask: 'talk';
      readonly room: string;
      readonly rate: number;
      readonly bytes: number;
      readonly seconds: number;
    };

/** Bytes; `delay` is by how much the event loop was late at worst, `turn` how much of the CPU's time went by at worst until it came round, whatever else the machine was busy with, in ms. `peak`, `delay` and `turn` are those since it was asked before. */
export interface Cost {
  readonly rss: number;
  readonly peak: number;
  readonly heap: number;
  readonly delay: number;
  readonly turn: number;
  readonly connections: number;
  /** Whether the prototype of all objects is what it was. */
  readonly intact: boolean;
  /** How many warnings it logged since it began, and how many errors: of those, the first ten. */
  readonly warned: number;
  readonly failed: number;
  readonly lines: readonly string[];
}

export interface Talked {
  /** Offsets in the log. */
  readonly first: number;
  readonly last: number;
  readonly seconds: number;
}

const { rooms, options, attached = false } = JSON.parse(process.argv[2] ?? '{}') as ServerOrders;
const born = Reflect.ownKeys(Object.prototype).length;
let warned = 0;
let failed = 0;
const lines: string[] = [];
const server = createRealtimeServer({
  ...options,
  rooms: Object.entries(rooms).map(([pattern, { presence = false, history = 100 }]) =>
    serve(pattern, { presence, history: { limit: history } }),
  ),
  authenticate: ({ token }) => (token === null || token === '' ? null : { id: token }),
  logger: {
    info: () => undefined,
    warn() {
      warned++;
    },
    error(details, message) {
      if (++failed <= 10) lines.push(`${message} ${JSON.stringify(details)}`);
    },
  },
});
async function attach(): Promise<number> {
  const http = createServer((_request, response) => {
    response.end('the app');
  });
  server.attach(http);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return (http.address() as AddressInfo).port;
}
const port = attached ? await attach() : (await server.listen({ host: '127.0.0.1' })).port;

let peak = 0;
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
const loop = monitorEventLoopDelay({ resolution: 5 });
loop.enable();

let came = cpuTime();
let turn = 0;
setInterval(() => {
  const now = cpuTime();
  turn = Math.max(turn, now - came);
  came = now;
}, 1);

function measure(collect: boolean): Cost {
  const delay = loop.max / 1e6;
  if (collect) {
    globalThis.gc?.();
    globalThis.gc?.();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const cost = {
    rss,
    peak: Math.max(peak, rss),
    heap: heapUsed + external,
    delay,
    turn,
    connections: server.stats().connections,
    intact: Reflect.ownKeys(Object.prototype).length === born,
    warned,
    failed,
    lines,
  };
  peak = 0;
  turn = 0;
  came = cpuTime();
  loop.reset();
  return cost;
}

/** Each message says when it was said, by a clock that all processes of the machine share, in ms. */
async function talk({ room, rate, bytes, seconds }: Extract<ServerAsk, { ask: 'talk' }>): Promise<Talked> {
  const its = server.room(room);
  const filling = 'x'.repeat(bytes);
  const begun = performance.now();
  const said: Promise<{ readonly offset: number }>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(seconds, (performance.now() - begun) / 1_000) * rate;
      while (said.length < due)
        said.push(its.send('said', { at: Number(process.hrtime.bigint() / 1_000n) / 1_000, filling }));
      if (said.length < seconds * rate) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
  const offsets = (await Promise.all([said[0], said.at(-1)])).map((it) => it?.offset ?? 0);
  return { first: offsets[0] ?? 0, last: offsets[1] ?? 0, seconds: (performance.now() - begun) / 1_000 };
}

process.on('message', (message) => {
  const { id, ask } = message as { readonly id: number; readonly ask: ServerAsk };
  if (ask.ask === 'answer') process.send?.({ id, answer: true });
  else if (ask.ask === 'measure') process.send?.({ id, answer: measure(ask.collect) });
  else void talk(ask).then((answer) => process.send?.({ id, answer }));
});
process.on('disconnect', () => {
  process.exit();
});
process.send?.({ id: 0, answer: port });
