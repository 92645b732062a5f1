// What a close does to the stream of a WebSocket, beyond what `ws` does by itself.
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { wsTransport } from '../../../../src/server/node/http/transport.js';

/** An open WebSocket over a stream in memory. Its close frame is one byte, the code's last. */
function open() {
  const stream = new PassThrough();
  const socket = Object.assign(Object.create(WebSocket.prototype) as WebSocket, {
    close: (code: number) => stream.write(Buffer.of(code % 256)),
  });
  return { stream, transport: wsTransport(socket, stream) };
}

test('P18 behind a close with 4000 the server ends the connection, and waits for no answer, which cannot arrive', async () => {
  const { stream, transport } = open();
  transport.close(4000, 'nothing was heard');
  expect(stream.writableEnded).toBe(true);
  expect(stream.read()).toEqual(Buffer.of(4000 % 256));
  stream.resume();
  await once(stream, 'close');
  expect(stream.destroyed).toBe(true);
});

test.each([1000, 1012, 4008, 4009, 4401])(
  'behind a close with %i the client has its time to answer',
  (code) => {
    const { stream, transport } = open();
    transport.close(code, '');
    expect([stream.writableEnded, stream.destroyed]).toEqual([false, false]);
  },
);
