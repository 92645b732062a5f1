// The life of the ready-made server: it listens, and when a signal ends it, its clients move first.
import { once } from 'node:events';
import type { ServerLogger } from '../../observe/log.js';
import { createRealtimeServer, type RealtimeServer } from '../realtime-server.js';
import type { ServeConfig } from './config.js';
import { connectRedis } from './redis.js';
import { loadRooms } from './rooms.js';
import { createCliLogger } from './say.js';

/** How often the progress of a drain is printed, in ms. */
const progressEveryMs = 1_000;
const endSignals = ['SIGTERM', 'SIGINT'] as const;

async function startServer(
  config: ServeConfig,
  logger: ServerLogger,
): Promise<{ readonly realtime: RealtimeServer; close(): Promise<void> }> {
  const served = await loadRooms(config);
  const redis = await connectRedis(config, logger);
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
    logger,
  });
  const address = await realtime.listen({ port, path, ...(host !== undefined && { host }) });
  if (config.untyped)
    logger.warn({}, 'every user who is let in may use every room, and nothing is checked (--untyped)');
  if (config.anonymous) logger.warn({}, 'every client is let in, without a user (--anonymous)');
  if (config.rebalance) realtime.rebalance();
  logger.info(
    { url: address.url, node: realtime.stats().node, rooms: redis ? 'Redis' : 'memory' },
    'listening',
  );
  return {
    realtime,
    async close() {
      await realtime.close();
      await redis?.close();
    },
  };
}

/**
 * Serves until a signal ends it. Returns the exit code.
 *
 * @throws Misconfigured if the operator has to correct something.
 */
export async function serveUntilTold(config: ServeConfig): Promise<number> {
  const logger = createCliLogger(process.stdout.isTTY, (text) => {
    process.stdout.write(text);
  });
  const firstSignal = Promise.race(endSignals.map((signal) => once(process, signal).then(() => signal)));
  // The signal may come before the server has started, such as while it waits for Redis.
  const server = await Promise.race([startServer(config, logger), firstSignal]);
  if (typeof server === 'string') return 0;
  const signal = await firstSignal;
  // A second signal ends the process at once.
  for (const endSignal of endSignals)
    process.once(endSignal, () => {
      process.exit(1);
    });
  const { realtime } = server;
  logger.info({ signal, connections: realtime.stats().connections, ms: config.drain }, 'draining');
  const progressTimer = setInterval(() => {
    logger.info({ connections: realtime.stats().connections }, 'draining');
  }, progressEveryMs);
  await realtime.drain({ over: config.drain });
  clearInterval(progressTimer);
  await server.close();
  logger.info({}, 'closed');
  return 0;
}
