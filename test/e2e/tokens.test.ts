// T4 over real sockets: signed tokens, renewed in band or not. How soon a token's end takes effect is tested on a virtual clock, in test/server/connection/session-machine.test.ts.
import { SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../src/client/index.js';
import { createRealtimeServer, jwt, serve, type RealtimeServer } from '../../src/server/node/index.js';
import { sized } from '../support/sizes.js';
import { plainSocket } from '../support/network/socket.js';

const secret = 'a secret of more than thirty-two bytes, for tests';
/** How long a token lives, in ms. The client renews it a fifth of that earlier, so a busy machine has 3 s for it. */
const lifeMs = 15_000;
/** How often the client renews its token here. */
const renewals = sized(1, 3);
let server: RealtimeServer;
let url: string;
let speaking: ReturnType<typeof setInterval>;

const token = async (life = lifeMs): Promise<string> =>
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

test(`T4 a client of ours renews its token in band: through ${renewals} renewals it hears all, on one connection`, async () => {
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
  await new Promise<void>((resolve) => {
    client.room('lobby').on('m', ({ offset }) => {
      offsets.push(offset);
      if (asked > renewals && offsets.length > 200) resolve();
    });
  });
  expect(opened).toBe(1);
  expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, index) => (offsets[0] ?? 0) + index));
  client.close();
});

test('T4 without a new one the connection ends with 4401', async () => {
  const value = await token(2_000);
  const socket = plainSocket(url);
  socket.socket.once('open', () => {
    socket.say([1, 'a-session-of-a-plain-socket', 'i', value, false, 'raw', 1], [2, 'lobby', null, 0, null]);
  });
  const [code] = await socket.closed;
  expect(code).toBe(4401);
  expect(socket.heard.length).toBeGreaterThan(2);
});
