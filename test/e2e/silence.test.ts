// What fails at the edge of the server says a line in the log, and nothing of what the exception says.
import { createServer, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { Registry } from 'prom-client';
import { afterEach, expect, test, vi } from 'vitest';
import type { Broker } from '../../src/server/broker/broker.js';
import { memoryBroker } from '../../src/server/broker/memory-broker.js';
import { createRealtimeServer, serve, type RealtimeServer } from '../../src/server/node/index.js';

const lines: (readonly [message: string, details: object])[] = [];
let server: RealtimeServer;
afterEach(async () => {
  await server.close();
  lines.length = 0;
});

/** The port of a server whose broker fails in a way that no broker should. */
async function start(faults: Partial<Broker> = {}): Promise<number> {
  const log = (details: object, message: string): void => {
    lines.push([message, details]);
  };
  server = createRealtimeServer({
    rooms: [serve('lobby')],
    metrics: true,
    logger: { info: () => undefined, warn: () => undefined, error: log },
    authenticate: () => ({ id: 'ada' }),
    broker: { ...memoryBroker(), ...faults },
  });
  return (await server.listen({ host: '127.0.0.1' })).port;
}
const fail = (): never => {
  throw new Error('a secret of the store');
};
const said = (): unknown[] => {
  expect(JSON.stringify(lines)).not.toContain('a secret of the store');
  return lines.map(([message, details]) => [message, (details as { readonly error?: unknown }).error]);
};

test('a request of the HTTP fallback that cannot be handed on', async () => {
  const port = await start({ hand: fail });
  const { status } = await fetch(
    `http://127.0.0.1:${port}/realtime/http/send?id=id-of-a-client&node=another`,
    { method: 'POST', body: 'a-secret-of-26-characters-\n1\n' },
  );
  expect(status).toBe(503);
  expect(said()).toEqual([['a request of a client without WebSocket could not be served', 'Error']]);
});

test('an upgrade that cannot be served', async () => {
  await start();
  const http = createServer();
  const stop = server.attach(http);
  const socket = new PassThrough();
  const request = Object.defineProperty(new IncomingMessage(new Socket()), 'url', { get: fail });
  http.emit('upgrade', request, socket, Buffer.alloc(0));
  expect([said(), socket.destroyed]).toEqual([[['an upgrade could not be served', 'Error']], true]);
  stop();
});

test('metrics that cannot be collected', async () => {
  const port = await start();
  vi.spyOn(Registry.prototype, 'metrics').mockRejectedValueOnce(new Error('a secret of the store'));
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(500);
  expect(said()).toEqual([['the metrics could not be collected', 'Error']]);
});
