// The process that is measured: one server that can be out of reach for a while, and goes on as it was. Counts when connections open.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { answerParent } from '../support/child.mjs';

const [, , name, library] = process.argv;
const { start } = await import(`./servers/${name}.mjs`);

const http = createServer();
const sockets = new Set();
let opened = [];
http.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => {
    sockets.delete(socket);
  });
});
http.on('upgrade', () => {
  opened.push(performance.now());
});
const publish = await start(http, library);
const listen = async (port) => {
  http.listen({ port, host: '127.0.0.1', backlog: 4_096 });
  await once(http, 'listening');
  return http.address().port;
};

let port = await listen(0);

/** The most that opened within any 100 ms. */
function peak(times) {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last++) {
    while (times[last] - times[first] >= 100) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

const orders = {
  async cut() {
    const closed = once(http, 'close');
    http.close();
    for (const socket of sockets) socket.destroy();
    await closed;
    return 'cut';
  },
  async publish({ from, to }) {
    for (let n = from; n < to; n++)
      await publish({ n, by: 'somebody', text: 'what one says to the others here' });
    return 'published';
  },
  async listen() {
    opened = [];
    port = await listen(port);
    return 'listens';
  },
  opened: () => ({ peak: peak(opened), count: opened.length }),
};

answerParent({ port }, (order) => orders[order.what](order));
