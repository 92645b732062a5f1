// The proxy breaks links in the ways of a network, and in no other: TCP never changes the order of bytes.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startFaultProxy } from '../support/network/fault-proxy.js';

test('bytes keep their order, whatever becomes of the delay while they are on their way', async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startFaultProxy((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  const socket = connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  const heard: Buffer[] = [];
  let length = 0;
  const all = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk);
      length += chunk.length;
      if (length === 40) resolve();
    });
  });
  // Each is on its way before the next is said, and the later wait for less.
  for (const [index, delay] of [60, 20, 5, 0, 40, 10, 0, 0].entries()) {
    proxy.delay = delay;
    proxy.split = index % 2 === 0;
    socket.write(`${index}abcd`);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
  await all;
  socket.destroy();
  expect(Buffer.concat(heard).toString()).toBe('0abcd1abcd2abcd3abcd4abcd5abcd6abcd7abcd');
});
