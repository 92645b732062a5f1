// What small messages become in memory: 20,000 empty maps are 20 KB on the wire, and more than 1 MB once they are decoded.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { msgpack } from '../../src/protocol/msgpack.js';
import { rawWebSocket } from '../support/network/raw-connection.js';
import { bundleServer, startServer } from '../support/server/server-process.js';
import { pongTo } from '../support/server/pong.js';
import { clientFrame, opcodes } from '../support/network/websocket-frames.js';

const MiB = 2 ** 20;
let program: Awaited<ReturnType<typeof bundleServer>>;
beforeAll(async () => {
  program = await bundleServer();
});
afterAll(() => program.remove());

test('T10 a log full of the worst that one sender may say leaves most of its memory to a process of 256 MiB', async () => {
  const server = await startServer(program.files[0] ?? '', { rooms: { lobby: { history: 1_000 } } });
  onTestFinished(() => {
    server.stop();
  });
  const codec = msgpack();
  const peer = await rawWebSocket({ port: server.port, protocol: 'roomful.v1.msgpack' });
  const say = (...tuple: readonly unknown[]): number => {
    const bytes = clientFrame(opcodes.binary, Buffer.from(codec.encode(tuple)));
    peer.write(bytes);
    return bytes.length;
  };
  const before = await server.measure(true);
  say(1, 'session-of-a-hoarder', 'i', 'mallory', false, 'raw');
  say(2, 'lobby', null, 0, null);
  const data = Array.from({ length: 20_000 }, () => ({}));
  let bytes = 0;
  let ended = false;
  void peer.ended.then(() => {
    ended = true;
  });
  // One at a time, so that only the log keeps them.
  for (let seq = 1; seq <= 300 && !ended; seq++) {
    bytes += say(4, 'lobby', seq, `id-${seq}`, 'm', 1, data);
    say(9, 1_000_000 + seq);
    await peer.hears(pongTo((tuple) => codec.encode(tuple), 1_000_000 + seq)).catch(() => undefined);
  }
  const after = await server.measure(true).catch(() => null);
  console.log(
    `${(bytes / MiB).toFixed(1)} MiB of messages: ${after ? `the heap grew by ${((after.heap - before.heap) / MiB).toFixed(1)} MiB` : 'the server is dead'}`,
  );
  expect(server.death()?.split('\n', 1)[0] ?? null).toBeNull();
  // A quarter of it is what logs may weigh, by an estimate.
  expect((after?.heap ?? Infinity) - before.heap).toBeLessThan(96 * MiB);
});

test('T21 a thousand questions in one message, each for all that a room holds, cost no more than a slow reader', async () => {
  const server = await startServer(program.files[0] ?? '', { rooms: { lobby: { history: 1_000 } } });
  onTestFinished(() => {
    server.stop();
  });
  const peer = await rawWebSocket({ port: server.port, protocol: 'roomful.v1.json' });
  const say = (...lines: readonly unknown[]): void => {
    peer.write(clientFrame(opcodes.text, Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'))));
  };
  say([1, 'session-of-a-reader', 'i', 'mallory', false, 'raw']);
  say([2, 'lobby', null, 0, null]);
  for (let seq = 1; seq <= 256; seq++) say([4, 'lobby', seq, `id-${seq}`, 'm', 1, 'x'.repeat(60_000), null]);
  say([9, 424_242]);
  await peer.hears('[10,424242,');
  const before = await server.measure(true);
  // Somebody who asks and does not read.
  peer.socket.pause();
  say(...Array.from({ length: 1_000 }, (_, ref) => [7, ref, 'lobby', null, 256]));
  await expect.poll(async () => (await server.measure(false)).connections).toBe(0);
  const after = await server.measure(true);
  peer.socket.resume();
  expect(server.death()).toBeNull();
  expect((after.heap - before.heap) / MiB).toBeLessThan(32);
});
