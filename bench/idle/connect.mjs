// Many idle connections from one process: a plain socket each, the upgrade by hand, and what a client says first.
import { once } from 'node:events';
import { connect } from 'node:net';

/** A whole text message as a client frames it; a mask of zeros masks nothing. */
function frame(text) {
  const body = Buffer.from(text);
  const head = body.length < 126 ? Buffer.from([0x81, 0x80 | body.length]) : Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

const upgrade = (port) => `GET /realtime HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: roomful.v1.json\r\n\r\n`;

/** One connection, once the server has answered all that it was asked. `words`: each with the text that answers it. */
async function open(port, words) {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  const hears = async (part) => {
    while (!heard.includes(part)) heard += (await once(socket, 'data'))[0].toString('latin1');
  };
  socket.write(upgrade(port));
  await hears('\r\n\r\n');
  for (const [text, answer] of words) {
    socket.write(frame(text));
    await hears(answer);
  }
  // Nobody reads from here on, and nothing has to be kept.
  socket.resume();
  return socket;
}

/** `count` of them, some at a time. `wordsOf`: what the one of this number says. */
export async function openMany(port, count, wordsOf) {
  const sockets = [];
  const atOnce = 100;
  while (sockets.length < count) sockets.push(...await Promise.all(Array.from({ length: Math.min(atOnce, count - sockets.length) }, (_, at) => open(port, wordsOf(sockets.length + at)))));
  return sockets;
}
