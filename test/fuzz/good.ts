// Good clients in a process of their own: they chat, note how late they hear each other, and whether all of it arrives.
import { WebSocket } from 'ws';
import { createClient, json } from '../../src/client/index.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { quantiles, type Quantiles } from '../support/quantiles.js';
import { pit } from './attack.js';
import { objectKeys } from './names.js';

export interface GoodOrders {
  readonly url: string;
  /** The room that they chat in. */
  readonly room: string;
  readonly clients: number;
  /** Messages of each a second. */
  readonly rate: number;
  /** Whether they are in the attackers' room as well, and see what gets through. */
  readonly witnesses: boolean;
}

/** `lap`: what was heard since the last one. `end`: nobody speaks any more, and all that was said is waited for. */
export type GoodAsk = 'lap' | 'end';

export interface GoodReport {
  readonly latency: Quantiles;
  readonly said: number;
  readonly heard: number;
  /** Of attackers. */
  readonly overheard: number;
  /** What went wrong: a connection that was lost, a message that did not arrive, an exception. */
  readonly wrong: readonly string[];
}

interface Chat {
  readonly from: number;
  readonly n: number;
  readonly at: number;
}

const {
  url,
  room: chat,
  clients: count,
  rate,
  witnesses,
} = JSON.parse(process.argv[2] ?? '{}') as GoodOrders;
const wrong: string[] = [];
const complain = (what: string): void => {
  if (wrong.length < 20) wrong.push(what);
};
process.on('uncaughtException', (error) => {
  complain(`a good client threw ${error.stack}`);
});
process.on('unhandledRejection', (error) => {
  complain(`a good client's promise was rejected with ${String(error)}`);
});
let late: number[] = [];
let said = 0;
let heard = 0;
let overheard = 0;

const crowd = Array.from({ length: count }, (_, me) => {
  const client = createClient({
    url,
    token: `${chat}-${me}`,
    WebSocket,
    codecs: [me % 2 === 0 ? json() : msgpack()],
    logger: {
      warn: () => undefined,
      error: (what, error) => {
        complain(`client ${me} of ${chat}: ${what} ${String(error)}`);
      },
    },
  });
  const room = client.room(chat);
  // Of everybody the number that comes next.
  const next = Array.from({ length: count }, () => 1);
  room.on('chat', ({ data }) => {
    const { from, n, at } = data as Chat;
    if (n !== next[from])
      complain(`client ${me} of ${chat} heard ${n} of client ${from} instead of ${next[from]}`);
    next[from] = n + 1;
    heard++;
    if (from !== me) late.push(performance.now() - at);
  });
  const among = witnesses ? client.room(pit) : null;
  for (const type of ['m', 'odd', 'hell', 'flood', ...objectKeys])
    among?.on(type, () => {
      overheard++;
    });
  client.on('connection', ({ status }, before) => {
    if (before.status === 'connected')
      complain(
        `client ${me} of ${chat} lost its connection: ${status} ${JSON.stringify(client.store.getState().connection)}`,
      );
  });
  client.on('error', (error, where) => {
    if (where === chat || where === null)
      complain(`client ${me} of ${chat} was told ${error.code}: ${error.message}`);
  });
  client.connect();
  return { client, room, me, next, sent: 0 };
});

/** How long what should come is waited for, in ms. */
const patienceMs = 60_000;

async function until(check: () => boolean, patience: number): Promise<void> {
  for (const end = performance.now() + patience; !check() && performance.now() < end;)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
}

await until(() => crowd.every(({ room }) => room.status === 'joined'), patienceMs);
const pending = new Set<Promise<unknown>>();
const timers = crowd.map((one) =>
  setInterval(() => {
    const it: Chat = { from: one.me, n: ++one.sent, at: performance.now() };
    said++;
    const settled = one.room.send('chat', it).catch((error: unknown) => {
      complain(`a message of client ${one.me} of ${chat} was refused: ${String(error)}`);
    });
    pending.add(settled);
    void settled.finally(() => pending.delete(settled));
  }, 1_000 / rate),
);

async function end(): Promise<void> {
  for (const timer of timers) clearInterval(timer);
  const all = (): boolean =>
    pending.size === 0 && crowd.every(({ next }) => crowd.every(({ me, sent }) => next[me] === sent + 1));
  await until(all, patienceMs);
  if (!all())
    complain(
      `${chat}: ${pending.size} messages were not acknowledged; of ${said} messages to ${count} clients, ${said * count - heard} did not arrive`,
    );
}

async function answer(ask: GoodAsk): Promise<void> {
  if (ask === 'end') await end();
  const report: GoodReport = { latency: quantiles(late), said, heard, overheard, wrong };
  late = [];
  process.send?.(report);
}

process.on('message', (ask) => {
  void answer(ask as GoodAsk);
});
process.on('disconnect', () => {
  process.exit();
});
process.send?.('ready');
