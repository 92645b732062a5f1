// T44: a client is told why a handler failed where it is on the same machine, and the server is not in production.
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createRealtimeServer, serve } from '../../src/server/node/index.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['production', undefined, undefined, 'the server failed to handle it'],
  ['development', undefined, undefined, 'the server failed to handle it: Error: the store is away'],
  ['', undefined, undefined, 'the server failed to handle it: Error: the store is away'],
  ['development', 1, '203.0.113.7', 'the server failed to handle it'],
] as const)(
  'where NODE_ENV is "%s", behind %s proxies, for a client at %s',
  async (environment, trustProxy, address, told) => {
    vi.stubEnv('NODE_ENV', environment);
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const server = createRealtimeServer({
      rooms: [
        serve('lobby', {
          on: {
            m() {
              throw new Error('the store is away');
            },
          },
        }),
      ],
      logger: quiet,
      trustProxy,
    });
    const { port } = await server.listen({ host: '127.0.0.1' });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime`, 'roomful.v1.json', {
      headers: address === undefined ? {} : { 'x-forwarded-for': address },
    });
    await once(socket, 'open');
    const reason = new Promise<unknown>((resolve) => {
      socket.on('message', (data: Buffer) => {
        for (const line of data.toString().split('\n')) {
          const frame = JSON.parse(line) as unknown[];
          if (frame[0] === 24) resolve(frame[5]);
        }
      });
    });
    socket.send(
      [
        [1, 'session-of-a-client', 'i', null, false, 'raw'],
        [2, 'lobby', null, 0, null],
        [4, 'lobby', 1, 'x', 'm', 1, 1, null],
      ]
        .map((frame) => JSON.stringify(frame))
        .join('\n'),
    );
    expect(await reason).toBe(told);
    socket.terminate();
    await server.close();
  },
);
