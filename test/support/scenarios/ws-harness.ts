// The scenarios' world of real sockets: the Node server, and for each user a TCP proxy that can break the link.
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import type { ClientOptions } from '../../../src/client/index.js';
import { createRealtimeServer, type RealtimeServer } from '../../../src/server/node/realtime-server.js';
import { BlockedWebSocket } from '../network/blocked-socket.js';
import { startFaultProxy, type FaultProxy } from '../network/fault-proxy.js';
import type { Harness, MakeHarness } from './harness.js';
import { proxiedUser } from './proxied-user.js';

const harnessOver =
  (link: Partial<ClientOptions>): MakeHarness =>
  async (rooms, codec): Promise<Harness> => {
    let broker = memoryBroker();
    const clients: { close(): void }[] = [];
    const proxies: FaultProxy[] = [];
    const newProxy = async (port: number): Promise<FaultProxy> => {
      const proxy = await startFaultProxy(port);
      proxies.push(proxy);
      return proxy;
    };
    const start = async (): Promise<{ readonly server: RealtimeServer; readonly port: number }> => {
      const server = createRealtimeServer({
        rooms,
        broker,
        authenticate: ({ token }) => (token === null ? null : { id: token }),
      });
      const { port } = await server.listen({ host: '127.0.0.1' });
      return { server, port };
    };
    let running = await start();
    return {
      user(id, options) {
        const user = proxiedUser({
          id,
          codec: codec(),
          options: { ...options, ...link },
          proxy: newProxy(running.port),
        });
        clients.push(user.client);
        return user;
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

export const wsHarness: MakeHarness = harnessOver({});

/** The same where WebSocket is blocked. */
export const httpHarness: MakeHarness = harnessOver({ WebSocket: BlockedWebSocket });
