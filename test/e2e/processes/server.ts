// A server in a process of its own, that can be killed: every entry is in a file before it is in the log, so that what was in a log that died with it is known.
import { openSync, writeSync } from 'node:fs';
import type { Appended, Broker } from '../../../src/server/broker/broker.js';
import { createRealtimeServer, memoryBroker, serve } from '../../../src/server/node/index.js';
import { line } from './room.js';

const [port = '0', journal = '', slow = '0'] = process.argv.slice(2);
const file = openSync(journal, 'a');
const memory = memoryBroker();
const broker: Broker = {
  ...memory,
  append(append) {
    const appended = memory.append(append) as Appended;
    if (appended.status === 'ok')
      writeSync(
        file,
        `${JSON.stringify([append.room, appended.epoch, appended.offset, append.id, append.data])}\n`,
      );
    return appended;
  },
};

const server = createRealtimeServer({
  rooms: [
    serve(line, {
      history: { limit: 1_000_000 },
      on: {
        say: () =>
          Number(slow) > 0 && Math.random() < 0.02
            ? new Promise<void>((resolve) => {
                setTimeout(resolve, Math.random() * Number(slow));
              })
            : undefined,
      },
    }),
  ],
  broker,
  authenticate: ({ token }) => (token === null ? null : { id: token }),
  heartbeat: { interval: 1_000, timeout: 1_000 },
  // A room of many, whose members fall behind by seconds.
  buffer: 64 * 2 ** 20,
});
const address = await server.listen({ port: Number(port), host: '127.0.0.1' });
process.on('disconnect', () => {
  process.exit();
});
process.send?.({ port: address.port });
