// T4 over real sockets: tokens of three seconds, signed, renewed in band or not.
import { SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../src/client/index.js';
import { createRealtimeServer, jwt, serve, type RealtimeServer } from '../../src/server/node/index.js';
import { plainSocket } from '../support/socket.js';

const secret = 'a secret of more than thirty-two bytes, for tests';
const life = 3_000;
let server: RealtimeServer;
let url: string;
let speaking: ReturnType<typeof setInterval>;

const token = async (): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('ada')
    .setExpirationTime(Math.floor((Date.now() + life) / 1_000))
    .sign(new TextEncoder().encode(secret));

beforeEach(async () => {
  server = createRealtimeServer({
    rooms: [serve('lobby')],
    authenticate: jwt({ secret, clockTolerance: 0 }),
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  ({ url } = await server.listen({ host: '127.0.0.1' }));
  speaking = setInterval(() => {
    void server.room('lobby').send('m', Date.now());
  }, 20);
});
afterEach(async () => {
  clearInterval(speaking);
  await server.close();
});

test('T4 a client of ours renews its token in band: three lives long it hears all, on one connection', async () => {
  let asked = 0;
  let opened = 0;
  const client = createClient({
    url,
    token: () => {
      asked++;
      return token();
    },
    WebSocket: class extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        opened++;
      }
    },
  });
  client.connect();
  const offsets: (number | null)[] = [];
  const began = Date.now();
  await new Promise<void>((resolve) => {
    client.room('lobby').on('m', ({ offset }) => {
      offsets.push(offset);
      if (Date.now() - began > life * 3) resolve();
    });
  });
  expect(opened).toBe(1);
  expect(asked).toBeGreaterThanOrEqual(4);
  expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, index) => (offsets[0] ?? 0) + index));
  expect(offsets.length).toBeGreaterThan(200);
  client.close();
}, 20_000);

test('T4 without a new one, nothing is delivered later than a second after it ended', async () => {
  const value = await token();
  const ends =
    (JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()) as { readonly exp: number })
      .exp * 1_000;
  const socket = plainSocket(url);
  socket.socket.once('open', () => {
    socket.say([1, 'a-session-of-a-plain-socket', 'i', value, false, 'raw', 1], [2, 'lobby', null, 0, null]);
  });
  let last = 0;
  socket.socket.on('message', () => {
    last = Date.now();
  });
  const [code] = await socket.closed;
  expect(code).toBe(4401);
  expect(socket.heard.length).toBeGreaterThan(20);
  expect(last - ends).toBeLessThan(1_000);
}, 20_000);
