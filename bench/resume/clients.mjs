// The clients, as an app has them, with every default: `heard(n)` for each message, and `there()` once it is in the room.
import { pathToFileURL } from 'node:url';
import { requireFromBench, requireFromRoot } from '../support/places.mjs';

const { WebSocket } = requireFromRoot('ws');

class PlainSocket extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { perMessageDeflate: false });
    this.on('error', () => undefined);
  }
}

function socketIo(port, { heard, there }) {
  const socket = requireFromBench('socket.io-client').io(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
    forceNew: true,
  });
  socket.on('m', ({ n }) => {
    heard(n);
  });
  socket.on('connect', there);
}

async function byHand(port, { heard, there }) {
  const { default: ReconnectingSocket } = requireFromRoot('partysocket/ws');
  const socket = new ReconnectingSocket(`ws://127.0.0.1:${port}`, [], { WebSocket: PlainSocket });
  let last = -2;
  const take = ({ n }) => {
    if (n <= last) return;
    last = n;
    heard(n);
  };
  socket.onopen = () => {
    socket.send(JSON.stringify({ join: last }));
  };
  socket.onerror = () => undefined;
  socket.onmessage = ({ data }) => {
    const { joined, message } = JSON.parse(data);
    for (const it of joined ?? [message]) take(it);
    if (joined) there();
  };
}

let made = null;

async function roomful(port, { heard, there }, library) {
  made ??= (await import(pathToFileURL(`${library}/client/index.js`).href)).createClient;
  const client = made({
    url: `ws://127.0.0.1:${port}/realtime`,
    WebSocket: PlainSocket,
    fallback: false,
    logger: { warn() {}, error() {} },
  });
  const room = client.room('bench/1');
  room.on('m', ({ data }) => {
    heard(data.n);
  });
  client.store.subscribe(({ rooms }, before) => {
    const status = rooms['bench/1']?.status;
    if (status === 'joined' && before.rooms['bench/1']?.status !== 'joined') there();
  });
  client.connect();
}

export const clients = { 'socket.io': socketIo, 'by-hand': byHand, roomful };
