// Two light clients, one that publishes and one that receives, in the words of each server: what is measured is the nodes, not what a client library does with what it hears.
import { randomBytes } from 'node:crypto';
import { requireFromRoot } from '../support/places.mjs';

const { WebSocket } = requireFromRoot('ws');

/** About 100 bytes, as a cursor or a short line. */
const payload = (n) =>
  `{"n":${n},"by":"somebody","text":"what one says to the others here","x":${100 + (n % 900)}.25,"y":${100 + (n % 800)}.5}`;

/** The number in what arrived. */
function numberOf(text) {
  const at = text.indexOf('"n":') + 4;
  return Number.parseInt(text.slice(at, at + 12), 10);
}

const socketIo = {
  path: '/socket.io/?EIO=4&transport=websocket',
  // Its client writes each packet as a WebSocket message of its own.
  publish(socket, from, to) {
    for (let n = from; n < to; n++) socket.send(`42["m",${payload(n)}]`);
  },
  opened() {},
  heard(socket, text, { ready, delivered }) {
    if (text.startsWith('42')) delivered(numberOf(text));
    else if (text.startsWith('40')) ready();
    else if (text[0] === '0') socket.send('40');
    else if (text[0] === '2') socket.send('3');
    else throw new Error(`socket.io said: ${text}`);
  },
};

const roomful = (frame) => ({
  path: '/realtime',
  protocol: 'roomful.v1.json',
  // Its client writes all that one turn says as one WebSocket message.
  publish(socket, from, to) {
    const frames = [];
    for (let n = from; n < to; n++) frames.push(frame(n));
    socket.send(frames.join('\n'));
  },
  opened(socket) {
    socket.send(
      `[1,"${randomBytes(16).toString('hex')}","bench",null,false,"bench"]\n[2,"bench/1",null,0,null]`,
    );
  },
  heard(socket, text, { ready, delivered, acknowledged }) {
    for (const line of text.split('\n')) {
      const opcode = Number.parseInt(line.slice(1, 4), 10);
      if (opcode === 25 || opcode === 26) delivered(numberOf(line));
      else if (opcode === 23) acknowledged(JSON.parse(line)[3].at(-1)[0]);
      else if (opcode === 21) ready();
      else if (opcode === 9) socket.send(line.replace('[9', '[10'));
      else if (![10, 20, 27].includes(opcode)) throw new Error(`roomful said: ${line}`);
    }
  },
});

export const dialects = {
  'socket.io': { ...socketIo, acknowledges: false },
  roomful: { ...roomful((n) => `[4,"bench/1",${n},"m${n}","m",1,${payload(n)},null]`), acknowledges: true },
  'roomful-volatile': { ...roomful((n) => `[5,"bench/1","m",1,${payload(n)}]`), acknowledges: false },
};

/** A client that is in the room. */
export function open(dialect, port, { delivered = () => undefined, acknowledged = () => undefined }) {
  const { path, protocol, opened, heard } = dialects[dialect];
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocol ? [protocol] : [], {
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => {
      opened(socket);
    });
    socket.on('message', (data) => {
      heard(socket, data.toString(), {
        ready: () => {
          resolve(socket);
        },
        delivered,
        acknowledged,
      });
    });
  });
}
