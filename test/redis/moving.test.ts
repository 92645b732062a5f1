// A member that moves from one node to another: to the others it never left, whatever it shows and however the node that it leaves ends.
import { createClient as createRedis } from 'redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { defineRoom } from '../../src/contract/index.js';
import { createClient, type Client } from '../../src/client/index.js';
import { createRealtimeServer, serve, type RealtimeServer } from '../../src/server/node/index.js';
import { redisBroker } from '../../src/server/node/redis/index.js';
import { eventually } from '../support/eventually.js';
import { startFaultProxy } from '../support/network/fault-proxy.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';

const board = defineRoom('board/:id', {
  messages: { post: z.string(), cursor: z.number() },
  presence: z.object({ name: z.string(), typing: z.boolean() }),
});

describe.skipIf(noRedis)('with Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop('SIGKILL'));

  async function startNode(): Promise<{
    readonly server: RealtimeServer;
    readonly port: number;
    end(): Promise<void>;
  }> {
    const client = createRedis({ socket: { port: redis.port, host: '127.0.0.1' } });
    await client.connect();
    const broker = redisBroker({ client });
    const server = createRealtimeServer({
      rooms: [serve(board)],
      broker,
      presenceGrace: 200,
      authenticate: ({ token }) => (token === null ? null : { id: token }),
    });
    const { port } = await server.listen({ host: '127.0.0.1' });
    return {
      server,
      port,
      async end() {
        await server.close();
        await broker.close();
        client.destroy();
      },
    };
  }

  test('a drain moves a member, with what it shows and says, and the others see no leave', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()]);
    const proxy = await startFaultProxy(a.port);
    const clients: Client[] = [];
    const connect = (name: string, port: number): Client => {
      const client = createClient({
        url: `ws://127.0.0.1:${port}/realtime`,
        token: name,
        WebSocket,
        flush: 'microtask',
      });
      clients.push(client);
      client.connect();
      return client;
    };
    onTestFinished(async () => {
      for (const client of clients) client.close();
      await proxy.close();
      await b.end();
    });
    const [ada, bob] = [connect('ada', proxy.port), connect('bob', b.port)];
    const [adas, bobs] = [ada.room(board, { id: '1' }), bob.room(board, { id: '1' })];
    adas.setPresence({ name: 'Ada', typing: false });
    bobs.setPresence({ name: 'Bob', typing: false });
    const othersOf = (client: Client): readonly unknown[] =>
      client.store.getState().rooms['board/1']?.others.map(({ user, presence }) => [user?.id, presence]) ??
      [];
    await eventually(() => {
      expect([othersOf(ada), othersOf(bob)]).toEqual([
        [['bob', { name: 'Bob', typing: false }]],
        [['ada', { name: 'Ada', typing: false }]],
      ]);
    });
    const seen = new Set<string>();
    bob.store.subscribe(() => {
      seen.add(
        othersOf(bob)
          .map((it) => (it as readonly [string])[0])
          .join(),
      );
    });
    const shown = new Set<string>();
    ada.store.subscribe(({ connection, rooms }) => {
      shown.add(`${connection.status} ${rooms['board/1']?.status} ${rooms['board/1']?.others.length}`);
    });
    const heard: unknown[] = [];
    bobs.on('cursor', ({ data }) => {
      heard.push(data);
    });

    proxy.target = b.port;
    const drained = a.server.drain({ over: 8_000 });
    await eventually(() => {
      expect(a.server.stats().connections).toBe(0);
    });
    await drained;
    expect(adas.broadcast('cursor', 1)).toBe(true);
    adas.setPresence({ typing: true });
    await eventually(() => {
      expect(othersOf(bob)).toEqual([['ada', { name: 'Ada', typing: true }]]);
    });
    // The node that it left ends, after the grace that it gives: that is of no concern to anybody.
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    await a.end();
    expect(await b.server.room(board, { id: '1' }).members()).toHaveLength(2);
    expect([...seen]).toEqual(['ada']);
    expect([...shown]).toEqual(['connected joined 1']);
    expect(heard).toEqual([1]);
    expect(await b.server.cluster()).toMatchObject([{ connections: 2, draining: false }]);
  });

  test('a node that ends without a word is forgotten by the cluster; one that ends with one, at once', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()]);
    onTestFinished(async () => {
      await a.end();
    });
    expect(await a.server.cluster()).toHaveLength(2);
    await b.end();
    expect(await a.server.cluster()).toHaveLength(1);
  });

  test('a node that carries more than its share is relieved: its clients move to the other, and are shown nothing', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()]);
    const proxy = await startFaultProxy(a.port);
    const clients = Array.from({ length: 10 }, (_, index) =>
      createClient({ url: `ws://127.0.0.1:${proxy.port}/realtime`, token: `user-${index}`, WebSocket }),
    );
    onTestFinished(async () => {
      for (const client of clients) client.close();
      await proxy.close();
      await Promise.all([a.end(), b.end()]);
    });
    for (const client of clients) client.connect();
    await eventually(() => {
      expect(a.server.stats().connections).toBe(10);
    });
    const shown = new Set<string>();
    for (const client of clients)
      client.store.subscribe(({ connection }) => {
        shown.add(connection.status);
      });
    await eventually(() => {
      expect(clients.every((client) => client.store.getState().connection.status === 'connected')).toBe(true);
    });
    shown.clear();
    proxy.target = b.port;
    a.server.rebalance({ rate: 100 });
    b.server.rebalance({ rate: 100 });
    await eventually(() => {
      expect([a.server.stats().connections, b.server.stats().connections]).toEqual([5, 5]);
    });
    expect([...shown].filter((status) => status !== 'connected')).toEqual([]);
  });
});
