// Many idle connections from one process: a plain socket each, the upgrade by hand, what a client says first, and the answers that keep it alive.
import { once } from 'node:events';
import { connect } from 'node:net';

/** A whole message as a client frames it; a mask of zeros masks nothing. */
export function frame(content, opcode = 1) {
  const body = Buffer.from(content);
  const head =
    body.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | body.length])
      : Buffer.from([0x80 | opcode, 0xfe, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

const request = (port, { path, protocol }) =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n${protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : ''}\r\n`;

/** The messages in what came, as pairs of opcode and content. Idle servers say little: each comes whole. */
function* messagesIn(chunk) {
  for (let at = 0; at + 2 <= chunk.length;) {
    const short = chunk[at + 1] & 0x7f;
    const [head, length] = short < 126 ? [2, short] : [4, chunk.readUInt16BE(at + 2)];
    yield [chunk[at] & 0x0f, chunk.subarray(at + head, at + head + length)];
    at += head + length;
  }
}

/** One connection, once the server has answered all that it was asked. `words`: each with the text that answers it, and null for what the server says by itself. */
async function open(port, dialect, words) {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  const hears = async (part) => {
    while (!heard.includes(part)) heard += (await once(socket, 'data'))[0].toString('latin1');
  };
  socket.write(request(port, dialect));
  await hears('\r\n\r\n');
  for (const [text, answer] of words) {
    if (text !== null) socket.write(frame(text));
    await hears(answer);
  }
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    for (const [opcode, content] of messagesIn(chunk)) {
      if (opcode === 9) socket.write(frame(content, 10));
      const answer = opcode === 1 ? dialect.answer(content.toString()) : null;
      if (answer !== null) socket.write(frame(answer));
    }
  });
  return socket;
}

/** What keeps a client of each kind alive, beside the pings of WebSocket itself. `pings`: what it says by itself, this often. */
const dialects = {
  ws: { path: '/', answer: () => null },
  'socket.io': {
    path: '/socket.io/?EIO=4&transport=websocket',
    answer: (text) => (text === '2' ? '3' : null),
  },
  roomful: {
    path: '/realtime',
    protocol: 'roomful.v1.json',
    answer: (text) =>
      text
        .split('\n')
        .find((line) => line.startsWith('[9,'))
        ?.replace('[9,', '[10,') ?? null,
    pings: { text: () => `[9,${Date.now()}]`, every: 25_000 },
  },
};

/** `count` of them, some at a time. `wordsOf`: what the one of this number says. */
export async function openMany(port, name, count, wordsOf) {
  const dialect = dialects[name];
  const sockets = [];
  const atOnce = 100;
  while (sockets.length < count)
    sockets.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(atOnce, count - sockets.length) }, (_, at) =>
          open(port, dialect, wordsOf(sockets.length + at)),
        ),
      )),
    );
  return sockets;
}

/** From now on each says what a client says by itself, spread over the time in between. Returns what stops it. */
export function keepAlive(name, sockets) {
  const { pings } = dialects[name];
  if (!pings) return () => undefined;
  const step = 50;
  const each = Math.ceil((sockets.length * step) / pings.every);
  let next = 0;
  const timer = setInterval(() => {
    for (let count = 0; count < each; count++, next = (next + 1) % sockets.length)
      sockets[next].write(frame(pings.text()));
  }, step);
  return () => {
    clearInterval(timer);
  };
}
