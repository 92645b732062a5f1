// The ready-made server's life: it listens, and when it is told to end, its clients move on first.
import { once } from 'node:events';
import { createRealtimeServer } from '../realtime-server.js';
import type { ServeConfig } from './config.js';
import { connectRedis } from './redis.js';
import { roomsOf } from './rooms.js';
import { createSay } from './say.js';

/** How often a drain says how far it is, in ms. */
const every = 1_000;
const signals = ['SIGTERM', 'SIGINT'] as const;

/** Serves until a signal ends it. Returns the exit code. @throws Misconfigured where the user has to mend something. */
export async function serveUntilTold(config: ServeConfig): Promise<number> {
  const say = createSay(process.stdout.isTTY, (text) => { process.stdout.write(text); });
  const told = Promise.race(signals.map((signal) => once(process, signal).then(() => signal)));
  const served = await roomsOf(config);
  const redis = await connectRedis(config, say);
  const { node, origins, trustProxy, metrics, heartbeat, connections, host, port, path, drain } = config;
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
  if (config.untyped) say.warn({}, 'every room is open to everybody who is let in, and nothing is checked (--untyped)');
  if (config.anonymous) say.warn({}, 'everybody is let in, as nobody in particular (--anonymous)');
  if (config.rebalance) realtime.rebalance();
  say.info({ url: address.url, node: realtime.stats().node, rooms: redis ? 'Redis' : 'memory' }, 'listening');
  const signal = await told;
  // A second one ends it at once.
  for (const again of signals) process.once(again, () => { process.exit(1); });
  const { connections: count } = realtime.stats();
  say.info({ signal, connections: count, ms: drain }, 'draining');
  const telling = setInterval(() => { say.info({ connections: realtime.stats().connections }, 'draining'); }, every);
  await realtime.drain({ over: drain });
  clearInterval(telling);
  await realtime.close();
  await redis?.close();
  say.info({}, 'closed');
  return 0;
}
