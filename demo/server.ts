// What does the demo's server allow, refuse and say by itself?
import type { Server } from 'node:http';
import { createRealtimeServer, memoryBroker, serve, type RealtimeServer, type User } from 'roomful/server';
import { createMarket } from './market.js';
import { board, chat, identitySchema, orderLimit, orders, ticker } from './rooms.js';

export interface Demo {
  /** Ends every connection and starts anew on the same log, as a deploy would. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** How long a restart keeps everybody out, in ms: long enough to be seen. */
const downtime = 1_200;
const pricesPerTick = 10;
const tickTime = 50;
/** Posts that one person may make within `floodTime` ms. */
const floodLimit = 5;
const floodTime = 5_000;

function userOf(token: string | null): User | null {
  try {
    const read = identitySchema.safeParse(JSON.parse(token ?? ''));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

/** Serves the demo's rooms on the upgrades of an HTTP server. */
export function createDemo(http: Server): Demo {
  // Kept across restarts, as a Redis would be: the rooms outlive the process that serves them.
  const broker = memoryBroker();
  const posted = new Map<string, number[]>();
  let bookings = 1_000;

  const isFlooding = (user: string): boolean => {
    const now = Date.now();
    const recent = (posted.get(user) ?? []).filter((at) => now - at < floodTime);
    posted.set(user, recent);
    if (recent.length >= floodLimit) return true;
    recent.push(now);
    return false;
  };

  const rooms = [
    serve(chat, {
      on: {
        post: (_message, { user, reject }) => {
          if (user && isFlooding(user.id))
            reject(`at most ${floodLimit} messages in ${floodTime / 1_000} seconds`);
        },
      },
      history: { limit: 500 },
    }),
    serve(board),
    serve(ticker, { authorize: ({ action }) => action === 'join' }),
    serve(orders, {
      authorize: ({ user, params }) => user?.id === params.trader,
      on: {
        order: (message, { reject }) => {
          const { amount } = message.data;
          if (amount > orderLimit)
            reject(
              `${amount.toLocaleString('en')} is above the desk's limit of ${orderLimit.toLocaleString('en')}`,
            );
          const booking = ++bookings;
          message.data = { ...message.data, booking };
          return { booking };
        },
      },
      history: { limit: 200 },
    }),
  ];

  let realtime: RealtimeServer | null = null;
  const open = (): RealtimeServer => {
    const server = createRealtimeServer({
      rooms,
      broker,
      authenticate: ({ token }) => userOf(token),
      heartbeat: { interval: 4_000, timeout: 8_000 },
    });
    server.attach(http, { path: '/realtime' });
    realtime = server;
    return server;
  };

  const lobby = open().room(chat, { id: 'lobby' });
  void lobby.send('post', { text: 'Welcome! Open this page in a second window to meet yourself.' });

  const market = createMarket();
  const ticking = setInterval(() => {
    const room = realtime?.room(ticker);
    if (room) for (let count = 0; count < pricesPerTick; count++) room.broadcast('price', market.next());
  }, tickTime);

  let restarting: Promise<void> | null = null;
  async function restart(): Promise<void> {
    const old = realtime;
    realtime = null;
    await old?.close();
    await new Promise((resolve) => setTimeout(resolve, downtime));
    open();
  }

  return {
    restart() {
      restarting ??= restart().finally(() => {
        restarting = null;
      });
      return restarting;
    },
    async close() {
      clearInterval(ticking);
      await restarting;
      await realtime?.close();
      await broker.close();
    },
  };
}
