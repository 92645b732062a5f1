// Clients in a process of their own, that can be killed or stopped: they send at a pace, and note what their promises say and what they see.
import { appendFileSync, writeFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { createClient, json } from '../../../src/client/index.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { BlockedWebSocket } from '../../support/network/blocked-socket.js';
import type { Seen, Sent } from '../../simulation/history.js';
import { line } from './room.js';

export interface Orders {
  readonly url: string;
  readonly names: readonly string[];
  /** For each client, the room that it is in. */
  readonly rooms: readonly string[];
  /** Messages of each client. */
  readonly count: number;
  /** How many at a time, and how long from one time to the next, in ms. */
  readonly burst: number;
  readonly pause: number;
  /** Whether one in five is where WebSocket is blocked. */
  readonly blocked?: boolean;
  /** Whether they are as patient as an app's, by the library's defaults. Otherwise they try again soon, and give up soon. */
  readonly patient?: boolean;
  /** Where what was acknowledged is noted at once. */
  readonly receipts: string;
  /** Where everything is written at the end. */
  readonly report: string;
}

export interface ReportedPage {
  readonly name: string;
  readonly room: string;
  readonly sent: readonly Sent[];
  readonly seen: readonly Seen[];
  readonly status: string;
  readonly roomStatus: string;
  readonly unsettled: number;
  /** What an app was shown of its connection and room, from when it was in: one thing, unless it changed. */
  readonly shown: readonly string[];
  /** How long the client decided to wait before it tried again, each time that its connection was lost, in ms. */
  readonly waits: readonly number[];
}

/** How long a message that is lost for good is waited for before the report says so, in ms. */
const patienceMs = 60_000;
const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const often = { interval: 1_000, timeout: orders.patient ? 10_000 : 1_000 };
const pace = orders.patient
  ? { heartbeat: often }
  : { heartbeat: often, backoff: { initial: 20, max: 400 }, connectTimeout: 2_000 };
/** Whoever started this one may be gone. */
const orphaned = (): void => {
  process.exit(1);
};
process.on('disconnect', orphaned);

let isReady = false;
const pages = orders.names.map((name, index) => {
  // Codecs are mixed, as they are among people.
  const client = createClient({
    url: orders.url,
    token: name,
    codecs: index % 2 ? [msgpack(), json()] : [json()],
    WebSocket: orders.blocked && index % 5 === 4 ? BlockedWebSocket : WebSocket,
    ...pace,
    logger: { warn: () => undefined, error: console.error },
  });
  const room = client.room(line, { id: orders.rooms[index] ?? '1' });
  const seen: Seen[] = [];
  const sent: Sent[] = [];
  const shown: string[] = [];
  const waits: number[] = [];
  let pongs = 0;
  client.inspect((event, step) => {
    if (event.type === 'received') pongs += event.frames.filter(({ type }) => type === 'pong').length;
    return step(event);
  });
  room.on('say', ({ id, offset, data }) =>
    seen.push({ type: 'message', id, offset: offset ?? 0, said: data, at: 0 }),
  );
  client.on('reset', ({ why, missing }) => seen.push({ type: 'reset', why, missing, at: 0 }));
  client.on('acked-lost', ({ count }) => seen.push({ type: 'acked-lost', count, at: 0 }));
  client.store.subscribe(({ connection, rooms }) => {
    const now = `${connection.status} ${rooms[room.id]?.status ?? 'none'}`;
    if (isReady && shown.at(-1) !== now) {
      shown.push(now);
      if (connection.status === 'reconnecting') waits.push(connection.retryAt - connection.since);
    }
  });
  client.connect();
  return { name, client, room, seen, sent, shown, waits, pongs: () => pongs };
});
type Page = (typeof pages)[number];

function say({ name: by, room, sent }: Page): void {
  const one: Sent = { by, n: sent.length + 1, room: room.id, page: by, refuse: false, outcome: null };
  sent.push(one);
  room.send('say', { by, n: one.n }).then(
    ({ epoch, offset, id }) => {
      one.outcome = { epoch, offset, id };
      appendFileSync(orders.receipts, `${by} ${one.n}\n`);
    },
    (error: unknown) => {
      one.outcome = { code: (error as { code?: string }).code ?? String(error) };
    },
  );
}

/** Waits for `check`, or for so many ms. */
async function until(check: () => boolean, limit = Infinity): Promise<void> {
  const end = performance.now() + limit;
  while (!check() && performance.now() < end)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
}
const settled = (): boolean => pages.every(({ sent }) => sent.every(({ outcome }) => outcome !== null));

await until(() => pages.every(({ room }) => room.status === 'joined'));
isReady = true;
process.send?.('ready');
await Promise.all(
  pages.map(async (page) => {
    while (page.sent.length < orders.count) {
      for (let some = 0; some < orders.burst && page.sent.length < orders.count; some++) say(page);
      await new Promise((resolve) => {
        setTimeout(resolve, orders.pause * (0.5 + Math.random()));
      });
    }
  }),
);
process.send?.('sent');
// The world says when nothing is wrong any more.
process.on('message', (message) => {
  if (message === 'pongs') void hearPongs();
  else void (message === 'settle' ? settle() : finish(message as Readonly<Record<string, number>>));
});

/** Says so once every client has heard an answer to a ping that it sent after this. */
async function hearPongs(): Promise<void> {
  const before = pages.map(({ pongs }) => pongs());
  // The first of two may answer a ping of before.
  await until(() => pages.every(({ pongs }, index) => pongs() >= (before[index] ?? 0) + 2));
  process.send?.('pongs');
}

async function settle(): Promise<void> {
  await until(settled, patienceMs);
  for (const page of pages) say(page);
  await until(settled, patienceMs);
  process.send?.('settled');
}

/** `tops`: where the log of each room ends. */
async function finish(tops: Readonly<Record<string, number>>): Promise<void> {
  const ended = ({ room, seen }: Page): boolean => {
    const last = seen.findLast((event) => event.type === 'message');
    return (last?.offset ?? 0) >= (tops[room.id] ?? 0);
  };
  // Everybody has seen the last of their room, or never will: then the report says so.
  await until(() => pages.every(ended), patienceMs);
  const report: ReportedPage[] = pages.map(({ name, room, sent, seen, shown, waits, client }) => {
    const { connection, outbox } = client.store.getState();
    return {
      name,
      room: room.id,
      sent,
      seen,
      status: connection.status,
      roomStatus: room.status,
      unsettled: outbox.pending.length,
      shown,
      waits,
    };
  });
  writeFileSync(orders.report, JSON.stringify(report));
  for (const { client } of pages) client.close();
  // The event loop ends by itself, or something was left.
  process.off('disconnect', orphaned);
  process.disconnect();
}
