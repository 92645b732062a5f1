// The scenarios' world of real sockets: the Node server, and for each user a TCP proxy that can break the link.
import { WebSocket } from 'ws';
import { createClient } from '../../src/client/client.js';
import { memoryBroker } from '../../src/server/memory-broker.js';
import { createRealtimeServer, type RealtimeServer } from '../../src/server/node/realtime-server.js';
import { startFaultProxy, type FaultProxy } from './fault-proxy.js';
import { quick, type Harness, type MakeHarness } from './harness.js';

export const wsHarness: MakeHarness = async (rooms, codec): Promise<Harness> => {
  let broker = memoryBroker();
  const clients: { close(): void }[] = [];
  const proxies: FaultProxy[] = [];
  const start = async (): Promise<{ readonly server: RealtimeServer; readonly port: number }> => {
    const server = createRealtimeServer({ rooms, broker, authenticate: ({ token }) => (token === null ? null : { id: token }) });
    const { port } = await server.listen({ host: '127.0.0.1' });
    return { server, port };
  };
  let running = await start();
  return {
    user(id, options) {
      let proxy: FaultProxy | null = null;
      const started = startFaultProxy(running.port).then((it) => {
        proxies.push(it);
        proxy = it;
        return it;
      });
      const client = createClient({
        url: async () => `ws://127.0.0.1:${(await started).port}/realtime`,
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
      await running.server.close();
      if (!keepLog) broker = memoryBroker();
      running = await start();
      for (const proxy of proxies) proxy.target = running.port;
    },
    members: async (room) => (await running.server.room(room).members()).map(({ user }) => user?.id ?? ''),
    async close() {
      for (const client of clients) client.close();
      await running.server.close();
      for (const proxy of proxies) await proxy.close();
    },
  };
};
