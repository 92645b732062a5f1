// A reason that is too long for a close frame, over real sockets: WebSocket and the HTTP fallback.
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createRecordReader, encodeRecord, readClose, recordKinds } from '../../src/protocol/records.js';
import { createRealtimeServer, serve, type RealtimeServer } from '../../src/server/node/index.js';

const secret = 'a-secret-of-26-characters-';
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const helloOf = (session: string): string => JSON.stringify([1, session, 'i', 'ada', false, 'raw']);
let server: RealtimeServer;
let port: number;

beforeEach(async () => {
  server = createRealtimeServer({
    rooms: [serve('lobby')],
    logger: quiet,
    authenticate: ({ token }) => ({ id: token ?? '' }),
  });
  ({ port } = await server.listen({ host: '127.0.0.1' }));
});
afterEach(() => server.close());

/** A connection that is welcome. */
interface Connected {
  readonly ended: Promise<readonly [code: number, reason: string]>;
}

async function overWebSocket(): Promise<Connected> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime`, 'roomful.v1.json');
  await once(socket, 'open');
  const ended = once(socket, 'close').then(
    ([code, reason]) => [code as number, (reason as Buffer).toString()] as const,
  );
  socket.send(helloOf('session-over-websocket'));
  await once(socket, 'message');
  return { ended };
}

async function overHttp(): Promise<Connected> {
  const at = (name: string): string => `http://127.0.0.1:${port}/realtime/http/${name}?id=id-of-a-test`;
  const response = await fetch(at('stream'), { method: 'POST', body: `${secret}\nroomful.v1.json\n` });
  const records = createRecordReader(1e9);
  let isWelcome = (): void => undefined;
  const welcomed = new Promise<void>((resolve) => {
    isWelcome = resolve;
  });
  const ended = (async () => {
    for await (const piece of response.body ?? [])
      for (const { kind, payload } of records(piece as Uint8Array)) {
        if (kind === recordKinds.close) return readClose(payload);
        if (kind === recordKinds.text) isWelcome();
      }
    throw new Error('the response ended without a close');
  })();
  const body = new Blob([`${secret}\n1\n`, encodeRecord(recordKinds.text, helloOf('session-over-http'))]);
  expect((await fetch(at('send'), { method: 'POST', body })).status).toBe(204);
  await welcomed;
  return { ended };
}

test('T29 disconnect with a long reason ends a WebSocket and a stream of the HTTP fallback', async () => {
  const connections = [await overWebSocket(), await overHttp()];
  server.disconnect('ada', `${'規'.repeat(41)}則`);
  for (const { ended } of connections) expect(await ended).toEqual([4403, '規'.repeat(41)]);
  expect(server.stats().connections).toBe(0);
});
