// Real clients under fire, in a process of their own: they report what they hear, and connect again whenever they have given up.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { WebSocket } from 'ws';
import { createClient, json } from '../../src/client/index.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { pit } from './attack.js';

export interface VictimOrders {
  readonly url: string;
}

/** `lap`: what they cost by now. `end`: the same, once they have shown that they still work. */
export type VictimAsk = 'lap' | 'end';

export interface VictimReport {
  /** Bytes, once garbage is collected. */
  readonly heap: number;
  /** By how much the event loop was late at worst, in ms. */
  readonly delay: number;
  /** How often they gave a connection up, and how often they reported that what they heard is not this protocol. */
  readonly stopped: number;
  readonly reported: number;
  readonly connected: number;
  readonly wrong: readonly string[];
}

const { url } = JSON.parse(process.argv[2] ?? '{}') as VictimOrders;
const wrong: string[] = [];
const complain = (what: string): void => {
  if (wrong.length < 20) wrong.push(what);
};
process.on('uncaughtException', (error) => {
  complain(`a client threw ${error.stack}`);
});
process.on('unhandledRejection', (error) => {
  complain(`a client's promise was rejected with ${String(error)}`);
});
const loop = monitorEventLoopDelay({ resolution: 5 });
loop.enable();
const born = Reflect.ownKeys(Object.prototype).length;
let stopped = 0;
let reported = 0;
let connected = 0;

const clients = [json(), msgpack()].map((codec) => {
  const client = createClient({
    url,
    token: 'victim',
    codecs: [codec],
    WebSocket,
    backoff: { initial: 1, max: 5 },
    logger: {
      warn: () => undefined,
      error: (what, error) => {
        complain(`${what} ${String(error)}`);
      },
    },
  });
  let room = client.room(pit);
  room.on('hell', () => undefined);
  client.on('error', ({ code }) => {
    if (code === 'invalid') reported++;
  });
  client.on('connection', (state) => {
    if (state.status === 'connected') {
      connected++;
      // A room that the server barred is asked for anew.
      if (room.status !== 'denied' && room.status !== 'left') return;
      room.leave();
      room = client.room(pit);
      room.on('hell', () => undefined);
    }
    if (state.status !== 'closed' && state.status !== 'needs-auth') return;
    if (state.reason.code === 4400) stopped++;
    // As an app would, once it had been told.
    setImmediate(() => {
      client.connect();
    });
  });
  client.connect();
  return { client, send: () => room.send('last', { words: codec.name }) };
});

/** Each is connected again, and has a message acknowledged. One that is closed in the middle of it is tried once more. */
async function works(): Promise<void> {
  await Promise.all(
    clients.map(async ({ client, send }) => {
      let problem: unknown = null;
      for (let tries = 0; tries < 3; tries++) {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(() => {
            reject(new Error('not within 3 s'));
          }, 3_000);
        });
        try {
          await Promise.race([send(), late]);
          return;
        } catch (error) {
          problem = error;
        } finally {
          clearTimeout(timer);
        }
      }
      complain(
        `a client has no message acknowledged any more: ${String(problem)}, ${JSON.stringify(client.store.getState().connection)}, room ${client.store.getState().rooms[pit]?.status}`,
      );
    }),
  );
}

async function answer(ask: VictimAsk): Promise<void> {
  if (ask === 'end') await works();
  if (Reflect.ownKeys(Object.prototype).length !== born) complain('the prototype of all objects has changed');
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const report: VictimReport = {
    heap: heapUsed + external,
    delay: loop.max / 1e6,
    stopped,
    reported,
    connected,
    wrong,
  };
  process.send?.(report);
}

process.on('message', (ask) => {
  void answer(ask as VictimAsk);
});
process.on('disconnect', () => {
  process.exit();
});
