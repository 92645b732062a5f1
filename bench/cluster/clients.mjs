// The real client libraries with every default, in a process of their own: one sends at a steady pace, the other's connection is cut again and again. Counts what never arrived and what came twice.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { answerParent } from '../support/child.mjs';
import { requireFromBench, requireFromRoot } from '../support/places.mjs';

const until = async (check, ms) => {
  const end = performance.now() + ms;
  while (!check()) {
    if (performance.now() > end) return false;
    await pause(10);
  }
  return true;
};

/** A way to a port that can be cut: both ends find their connection gone. */
async function cuttable(port) {
  const sockets = new Set();
  const server = createServer((down) => {
    const up = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [down, up],
      [up, down],
    ]) {
      sockets.add(one);
      one
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function socketIo(port, heard) {
  const socket = requireFromBench('socket.io-client').io(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
    forceNew: true,
  });
  socket.on('m', ({ n }) => {
    heard(n);
  });
  return {
    say: (n) => {
      socket.emit('m', { n });
    },
    isThere: () => socket.connected,
    settled: () => true,
  };
}

const roomful = (durable) => async (port, heard, library) => {
  const { createClient } = await import(pathToFileURL(`${library}/client/index.js`).href);
  const client = createClient({
    url: `ws://127.0.0.1:${port}/realtime`,
    WebSocket: requireFromRoot('ws').WebSocket,
    logger: { warn() {}, error() {} },
  });
  const room = client.room('bench/1');
  room.on('m', ({ data }) => {
    heard(data.n);
  });
  client.connect();
  let open = 0;
  return {
    say(n) {
      if (!durable) return room.broadcast('m', { n });
      open++;
      room.send('m', { n }).then(
        () => {
          open--;
        },
        () => {
          open--;
        },
      );
    },
    isThere: () => room.status === 'joined',
    settled: () => open === 0,
  };
};

const clients = { 'socket.io': socketIo, roomful: roomful(true), 'roomful-volatile': roomful(false) };

/** So long without a word, in ms, and nothing more comes. */
const quiet = 1_500;

async function lose({ dialect, from, to, library, rate, cuts, apart, what }, cutRedis) {
  const seen = new Map();
  let heardAt = 0;
  const way = await cuttable(to);
  const receiver = await clients[dialect](
    way.port,
    (n) => {
      seen.set(n, (seen.get(n) ?? 0) + 1);
      heardAt = performance.now();
    },
    library,
  );
  const sender = await clients[dialect](from, () => undefined, library);
  if (!(await until(() => receiver.isThere() && sender.isThere(), 10_000)))
    throw new Error(`${dialect}: the clients did not connect`);
  await pause(300);

  let sent = 0;
  const began = performance.now();
  const saying = setInterval(() => {
    while (sent < ((performance.now() - began) * rate) / 1_000) sender.say(++sent);
  }, 5);
  for (let cut = 0; cut < cuts; cut++) {
    await pause(apart);
    if (what === 'client') {
      way.cut();
      await until(() => !receiver.isThere(), 5_000);
    } else await cutRedis();
    await until(() => receiver.isThere(), 30_000);
  }
  await pause(500);
  clearInterval(saying);
  // What was promised has come by then, and what was not never will.
  await until(() => sender.settled() && (seen.size >= sent || performance.now() > heardAt + quiet), 10_000);
  const twice = [...seen.values()].reduce((sum, times) => sum + times - 1, 0);
  return { sent, lost: sent - seen.size, twice };
}

const { createClient } = requireFromRoot('redis');

answerParent('ready', async (order) => {
  const redis = createClient({ socket: { port: order.redisPort, host: '127.0.0.1' } });
  await redis.connect();
  try {
    return await lose(order, async () => {
      for (const type of ['pubsub', 'normal'])
        await redis.sendCommand(['CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes']);
    });
  } finally {
    redis.destroy();
  }
});
