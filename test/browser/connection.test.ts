// The client's connection in a real browser: its sockets, their close codes, and what window and document say.
import { expect, onTestFinished, test, vi } from 'vitest';
import { json, type Client, type ConnectionState } from '../../src/client/index.js';
import { chat } from '../support/server/rooms.js';
import { clientFor, countedSockets, framesSent, freePort, startServer, until } from './page.js';

const connectionOf = (client: Client): ConnectionState => client.store.getState().connection;
const reaches = (client: Client, status: ConnectionState['status']): Promise<void> =>
  until(() => {
    expect(connectionOf(client).status).toBe(status);
  });

/** Every state that a client passes through. */
function statesOf(client: Client): ConnectionState[] {
  const states: ConnectionState[] = [];
  onTestFinished(
    client.on('connection', (state) => {
      states.push(state);
    }),
  );
  return states;
}

function setVisibility(state: DocumentVisibilityState): void {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
  onTestFinished(() => {
    Reflect.deleteProperty(document, 'visibilityState');
  });
  document.dispatchEvent(new Event('visibilitychange'));
}

test('a refused port is 1006, tried again after longer and longer, and left when the url function names another', async () => {
  // The dice fall on the longest delay there is.
  const dice = vi.spyOn(Math, 'random').mockReturnValue(0.999);
  onTestFinished(() => {
    dice.mockRestore();
  });
  const server = await startServer();
  let url = `ws://127.0.0.1:${await freePort()}/realtime`;
  const sockets = countedSockets();
  const client = clientFor(() => url, 'ada', {
    WebSocket: sockets.WebSocket,
    flush: 'microtask',
    fallback: false,
    backoff: { initial: 20, max: 1_000, factor: 2 },
  });
  const states = statesOf(client);
  client.connect();
  await until(() => {
    expect(sockets.opened.length).toBeGreaterThanOrEqual(4);
  });
  const attempts = states.filter((state) => state.status === 'reconnecting');
  expect(new Set(attempts.map(({ reason }) => reason.code))).toEqual(new Set([1006]));
  expect(new Set(attempts.map(({ since }) => since)).size).toBe(1);
  const retries = [
    ...new Set(attempts.filter(({ retryAt, since }) => retryAt > since).map(({ retryAt }) => retryAt)),
  ];
  const waits = retries.slice(1, 3).map((retryAt, index) => retryAt - (retries[index] ?? 0));
  expect(waits[0]).toBeGreaterThanOrEqual(39);
  expect(waits[1]).toBeGreaterThanOrEqual(79);
  url = server.url;
  await reaches(client, 'connected');
  expect(sockets.opened.at(-1)?.url).toBe(server.url);
  expect(await server.connections()).toBe(1);
});

test('a server that stops and comes back at the same port has its client back', async () => {
  const port = await freePort();
  const first = await startServer({ port });
  const client = clientFor(first.url, 'ada', { flush: 'microtask' });
  const states = statesOf(client);
  const room = client.room(chat, { id: '1' });
  client.connect();
  await until(() => {
    expect(room.status).toBe('joined');
  });
  await first.stop();
  await until(() => {
    expect(room.status).toBe('reconnecting');
  });
  expect(states.find(({ status }) => status === 'reconnecting')).toMatchObject({ reason: { code: 1012 } });
  await startServer({ port });
  await until(() => {
    expect(room.status).toBe('joined');
  });
});

test('a refused token arrives as 4401, is asked for once more, and then waits for the app', async () => {
  const server = await startServer();
  const sockets = countedSockets();
  const client = clientFor(server.url, 'refused', { WebSocket: sockets.WebSocket });
  client.connect();
  await reaches(client, 'needs-auth');
  expect(connectionOf(client)).toMatchObject({ reason: { code: 4401 } });
  expect(sockets.opened).toHaveLength(2);
  await until(async () => {
    expect(await server.connections()).toBe(0);
  });
});

test('no codec in common arrives as 4406 with what the server speaks, and is final', async () => {
  const server = await startServer();
  const sockets = countedSockets();
  const client = clientFor(server.url, 'ada', {
    WebSocket: sockets.WebSocket,
    codecs: [{ ...json(), name: 'morse' }],
  });
  client.connect();
  await reaches(client, 'closed');
  expect(connectionOf(client)).toEqual({
    status: 'closed',
    reason: { code: 4406, reason: 'this server speaks roomful.v1.json, roomful.v1.msgpack' },
  });
  expect(sockets.opened).toHaveLength(1);
});

test('an origin that is not on the list arrives as 4403 and is final', async () => {
  const server = await startServer({ origin: 'https://elsewhere.example' });
  const client = clientFor(server.url, 'ada');
  client.connect();
  await reaches(client, 'closed');
  expect(connectionOf(client)).toMatchObject({ reason: { code: 4403 } });
});

test("close() closes the browser's socket, and connect() opens another", async () => {
  const server = await startServer();
  const sockets = countedSockets();
  const client = clientFor(server.url, 'ada', { WebSocket: sockets.WebSocket });
  client.connect();
  await reaches(client, 'connected');
  expect(await server.connections()).toBe(1);
  client.close();
  await reaches(client, 'closed');
  await until(async () => {
    expect(await server.connections()).toBe(0);
  });
  await until(() => {
    expect(sockets.opened[0]?.readyState).toBe(WebSocket.CLOSED);
  });
  client.connect();
  await reaches(client, 'connected');
  expect(sockets.opened).toHaveLength(2);
});

test('close() while the socket opens leaves none behind', async () => {
  const server = await startServer();
  const sockets = countedSockets();
  const client = clientFor(server.url, 'ada', { WebSocket: sockets.WebSocket });
  client.connect();
  await until(() => {
    expect(sockets.opened).toHaveLength(1);
  });
  client.close();
  await until(() => {
    expect(sockets.opened[0]?.readyState).toBe(WebSocket.CLOSED);
  });
  await until(async () => {
    expect(await server.connections()).toBe(0);
  });
});

test('an offline event doubts a live link and does not drop it', async () => {
  const server = await startServer();
  const sockets = countedSockets();
  const client = clientFor(server.url, 'ada', { WebSocket: sockets.WebSocket });
  const states = statesOf(client);
  client.connect();
  await until(() => {
    expect(client.store.getState().latency).not.toBeNull();
  });
  const { latency } = client.store.getState();
  const pings = framesSent(sockets, 'ping');
  window.dispatchEvent(new Event('offline'));
  expect(framesSent(sockets, 'ping')).toBe(pings + 1);
  await until(() => {
    expect(client.store.getState().latency).not.toBe(latency);
  });
  expect(states.at(-1)?.status).toBe('connected');
  expect(sockets.opened).toHaveLength(1);
  window.dispatchEvent(new Event('online'));
});

test('a link that is lost while offline spends no attempts until an online event', async () => {
  const [first, second] = [await startServer(), await startServer()];
  let url = first.url;
  const sockets = countedSockets();
  const client = clientFor(() => url, 'ada', { WebSocket: sockets.WebSocket });
  client.connect();
  await reaches(client, 'connected');
  window.dispatchEvent(new Event('offline'));
  url = second.url;
  await first.stop();
  await reaches(client, 'offline');
  expect(sockets.opened).toHaveLength(1);
  window.dispatchEvent(new Event('online'));
  await reaches(client, 'connected');
  expect(sockets.opened).toHaveLength(2);
});

test('a page that is hidden says nothing, and one that is seen again looks whether the link lives', async () => {
  const server = await startServer();
  const sockets = countedSockets();
  const client = clientFor(server.url, 'ada', { WebSocket: sockets.WebSocket });
  client.connect();
  await until(() => {
    expect(client.store.getState().latency).not.toBeNull();
  });
  const pings = framesSent(sockets, 'ping');
  setVisibility('hidden');
  expect(framesSent(sockets, 'ping')).toBe(pings);
  const { latency } = client.store.getState();
  setVisibility('visible');
  expect(framesSent(sockets, 'ping')).toBe(pings + 1);
  await until(() => {
    expect(client.store.getState().latency).not.toBe(latency);
  });
  expect(sockets.opened).toHaveLength(1);
});

test('a page put into the back/forward cache gives its socket back, and takes another when it returns', async () => {
  const server = await startServer();
  const sockets = countedSockets();
  const client = clientFor(server.url, 'ada', { WebSocket: sockets.WebSocket });
  client.connect();
  await reaches(client, 'connected');
  window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
  await until(async () => {
    expect(await server.connections()).toBe(0);
  });
  expect(sockets.opened).toHaveLength(1);
  window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  await until(() => {
    expect(sockets.opened).toHaveLength(2);
  });
  await until(async () => {
    expect(await server.connections()).toBe(1);
  });
  await reaches(client, 'connected');
});
