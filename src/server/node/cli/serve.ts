// The ready-made server's life: it listens, and when it is told to end, its clients move on first.
import { once } from 'node:events';
import type { ServerLogger } from '../../observe/log.js';
import { createRealtimeServer, type RealtimeServer } from '../realtime-server.js';
import type { ServeConfig } from './config.js';
import { connectRedis } from './redis.js';
import { loadRooms } from './rooms.js';
import { createCliLogger } from './say.js';

/** How often a drain says how far it is, in ms. */
const progressEveryMs = 1_000;
const endSignals = ['SIGTERM', 'SIGINT'] as const;

async function startServer(
  config: ServeConfig,
  say: ServerLogger,
): Promise<{ readonly realtime: RealtimeServer; close(): Promise<void> }> {
  const served = await loadRooms(config);
  const redis = await connectRedis(config, say);
  const { node, origins, trustProxy, metrics, heartbeat, connections, host, port, path } = config;
  const realtime = createRealtimeServer({
    ...served,
    ...(redis && { broker: redis.broker }),
    ...(node !== undefined && { node }),
    origins,
    trustProxy,
    metrics,
    heartbeat: { interval: heartbeat },
    connections: { total: connections },
    logger: say,
  });
  const address = await realtime.listen({ port, path, ...(host !== undefined && { host }) });
  if (config.untyped)
    say.warn({}, 'every room is open to everybody who is let in, and nothing is checked (--untyped)');
  if (config.anonymous) say.warn({}, 'everybody is let in, as nobody in particular (--anonymous)');
  if (config.rebalance) realtime.rebalance();
  say.info({ url: address.url, node: realtime.stats().node, rooms: redis ? 'Redis' : 'memory' }, 'listening');
  return {
    realtime,
    async close() {
      await realtime.close();
      await redis?.close();
    },
  };
}

/** Serves until a signal ends it. Returns the exit code. @throws Misconfigured where the user has to mend something. */
export async function serveUntilTold(config: ServeConfig): Promise<number> {
  const say = createCliLogger(process.stdout.isTTY, (text) => {
    process.stdout.write(text);
  });
  const told = Promise.race(endSignals.map((signal) => once(process, signal).then(() => signal)));
  // It may be told before it has begun: while it waits for Redis, say.
  const server = await Promise.race([startServer(config, say), told]);
  if (typeof server === 'string') return 0;
  const signal = await told;
  // A second one ends it at once.
  for (const again of endSignals)
    process.once(again, () => {
      process.exit(1);
    });
  const { realtime } = server;
  say.info({ signal, connections: realtime.stats().connections, ms: config.drain }, 'draining');
  const telling = setInterval(() => {
    say.info({ connections: realtime.stats().connections }, 'draining');
  }, progressEveryMs);
  await realtime.drain({ over: config.drain });
  clearInterval(telling);
  await server.close();
  say.info({}, 'closed');
  return 0;
}
