// Conditions, made true of a world.
import type { Conditions } from './conditions.js';
import type { StageWorld } from './world.js';

const delays = {
  good: [20, 10],
  '3g': [300, 150],
  lossy: [120, 80],
  offline: [20, 10],
  'half-open': [20, 10],
} as const;
/** From one break of a lossy network to the next, in ms. */
const lossyEvery = 4_000;

/** Returns what undoes it. */
export function applyNetwork({ world, users }: StageWorld, network: Conditions['network']): () => void {
  const [delay, jitter] = delays[network];
  world.network.latency(delay, { jitter });
  const lossy =
    network === 'lossy'
      ? setInterval(() => {
          world.network.drop();
        }, lossyEvery)
      : undefined;
  if (network === 'half-open') world.network.stall();
  if (network === 'offline') {
    world.network.cut();
    for (const user of users.values()) user.signal('offline');
  }
  return () => {
    clearInterval(lossy);
    if (network === 'half-open' || network === 'offline') world.network.restore();
    if (network === 'offline') for (const user of users.values()) user.signal('online');
  };
}

export function applyServer({ world }: StageWorld, server: Conditions['server']): () => void {
  if (server === 'up') return () => undefined;
  // A drained server lets nobody in; the clients try until another is there.
  const done = server === 'down' ? world.stopServer() : world.server.drain({ over: 3_000 });
  return () => {
    void done.then(() => world.restartServer({ keepLog: true }));
  };
}

export function applyToken({ letIn, users, world }: StageWorld, token: Conditions['token']): () => void {
  if (token === 'valid') return () => undefined;
  letIn(false);
  world.network.drop();
  return () => {
    letIn(true);
    for (const { client } of users.values())
      if (client.store.getState().connection.status === 'needs-auth') client.connect();
  };
}
