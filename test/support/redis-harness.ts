// The scenarios' world of two nodes over one Redis: each user comes through a proxy of its own, and to another node at each attempt.
import { createClient as createRedis } from 'redis';
import { WebSocket } from 'ws';
import { createClient } from '../../src/client/client.js';
import { createRealtimeServer, type RealtimeServer } from '../../src/server/node/realtime-server.js';
import { redisBroker } from '../../src/server/node/redis/index.js';
import type { Broker } from '../../src/server/broker.js';
import type { ServedRoom } from '../../src/server/serve.js';
import { startFaultProxy, type FaultProxy } from './fault-proxy.js';
import { quick, type Harness, type MakeHarness } from './harness.js';

interface Node {
  readonly server: RealtimeServer;
  readonly port: number;
  close(): Promise<void>;
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function startNode(redisPort: number, rooms: readonly ServedRoom[]): Promise<Node> {
  const client = createRedis({ socket: { port: redisPort, host: '127.0.0.1', reconnectStrategy: 50 } });
  client.on('error', () => undefined);
  await client.connect();
  const broker: Broker = redisBroker({ client });
  const server = createRealtimeServer({ rooms, broker, logger: quiet, authenticate: ({ token }) => (token === null ? null : { id: token }) });
  const { port } = await server.listen({ host: '127.0.0.1' });
  return {
    server,
    port,
    async close() {
      await server.close();
      await broker.close();
      client.destroy();
    },
  };
}

/** @param redisPort of a Redis that is the test's alone. */
export const redisHarness = (redisPort: () => number): MakeHarness => async (rooms, codec): Promise<Harness> => {
  const admin = createRedis({ socket: { port: redisPort(), host: '127.0.0.1' } });
  await admin.connect();
  await admin.sendCommand(['FLUSHALL']);
  const clients: { close(): void }[] = [];
  const proxies: FaultProxy[] = [];
  const start = (): Promise<readonly Node[]> => Promise.all([startNode(redisPort(), rooms), startNode(redisPort(), rooms)]);
  let nodes = await start();
  let users = 0;
  const nodeAt = (index: number): Node => nodes[index % nodes.length] as Node;
  return {
    user(id, options) {
      let proxy: FaultProxy | null = null;
      let attempts = users++;
      const started = startFaultProxy(nodeAt(0).port).then((it) => {
        proxies.push(it);
        proxy = it;
        return it;
      });
      const client = createClient({
        url: async () => {
          const mine = await started;
          mine.target = nodeAt(attempts++).port;
          return `ws://127.0.0.1:${mine.port}/realtime`;
        },
        token: id,
        codecs: [codec()],
        WebSocket,
        ...quick,
        ...options,
      });
      clients.push(client);
      client.connect();
      return {
        client,
        cut() {
          if (!proxy) return;
          proxy.refuse = true;
          proxy.reset();
        },
        restore() {
          if (proxy) proxy.refuse = false;
        },
        drop: () => proxy?.reset(),
      };
    },
    async restart(keepLog) {
      await Promise.all(nodes.map((node) => node.close()));
      if (!keepLog) await admin.sendCommand(['FLUSHALL']);
      nodes = await start();
    },
    members: async (room) => (await nodeAt(1).server.room(room).members()).map(({ user }) => user?.id ?? ''),
    async close() {
      for (const client of clients) client.close();
      await Promise.all(nodes.map((node) => node.close()));
      for (const proxy of proxies) await proxy.close();
      admin.destroy();
    },
  };
};
