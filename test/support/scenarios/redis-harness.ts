// The scenarios' world of two nodes over one Redis: each user comes through a proxy of its own, and to another node at each attempt.
import { createClient as createRedis } from 'redis';
import { createRealtimeServer, type RealtimeServer } from '../../../src/server/node/realtime-server.js';
import { redisBroker } from '../../../src/server/node/redis/index.js';
import type { Broker } from '../../../src/server/broker/broker.js';
import type { ServedRoom } from '../../../src/server/rooms/serve.js';
import { startFaultProxy, type FaultProxy } from '../network/fault-proxy.js';
import type { Harness, MakeHarness } from './harness.js';
import { proxiedUser } from './proxied-user.js';

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
  const server = createRealtimeServer({
    rooms,
    broker,
    logger: quiet,
    authenticate: ({ token }) => (token === null ? null : { id: token }),
  });
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
export const redisHarness =
  (redisPort: () => number): MakeHarness =>
  async (rooms, codec): Promise<Harness> => {
    const admin = createRedis({ socket: { port: redisPort(), host: '127.0.0.1' } });
    await admin.connect();
    await admin.sendCommand(['FLUSHALL']);
    const clients: { close(): void }[] = [];
    const proxies: FaultProxy[] = [];
    const newProxy = async (port: number): Promise<FaultProxy> => {
      const proxy = await startFaultProxy(port);
      proxies.push(proxy);
      return proxy;
    };
    const start = (): Promise<readonly Node[]> =>
      Promise.all([startNode(redisPort(), rooms), startNode(redisPort(), rooms)]);
    let nodes = await start();
    let users = 0;
    const nodeAt = (index: number): Node => nodes[index % nodes.length] as Node;
    return {
      user(id, options) {
        let attempts = users++;
        const user = proxiedUser({
          id,
          codec: codec(),
          options,
          proxy: newProxy(nodeAt(0).port),
          target: () => nodeAt(attempts++).port,
        });
        clients.push(user.client);
        return user;
      },
      async restart(keepLog) {
        await Promise.all(nodes.map((node) => node.close()));
        if (!keepLog) await admin.sendCommand(['FLUSHALL']);
        nodes = await start();
      },
      members: async (room) =>
        (await nodeAt(1).server.room(room).members()).map(({ user }) => user?.id ?? ''),
      async close() {
        for (const client of clients) client.close();
        await Promise.all(nodes.map((node) => node.close()));
        for (const proxy of proxies) await proxy.close();
        admin.destroy();
      },
    };
  };
