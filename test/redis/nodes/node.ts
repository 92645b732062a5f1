// A node in a process of its own, over Redis, that can be killed: what it was told was appended is in a file, so that what a log lost later is known.
import { openSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createClient } from 'redis';
import type { Broker } from '../../../src/server/broker/broker.js';
import { createRealtimeServer, serve } from '../../../src/server/node/index.js';
import { redisBroker } from '../../../src/server/node/redis/index.js';
import { line } from '../../e2e/processes/room.js';

const [redisPort = '0', journal = '', heartbeatMs = '1000'] = process.argv.slice(2);
const file = openSync(journal, 'a');
const client = createClient({
  socket: { port: Number(redisPort), host: '127.0.0.1', reconnectStrategy: 50 },
});
client.on('error', () => undefined);
await client.connect();
/** How many lines the journal has. */
let noted = 0;
const redis = redisBroker({ client });
const broker: Broker = {
  ...redis,
  async append(it) {
    const appended = await redis.append(it);
    if (appended.status === 'ok') {
      writeSync(file, `${JSON.stringify([it.room, appended.epoch, appended.offset, it.id, it.data])}\n`);
      noted++;
    }
    return appended;
  },
};

const server = createRealtimeServer({
  rooms: [serve(line, { history: { limit: 1_000_000 }, presence: true })],
  broker,
  authenticate: ({ token }) => (token === null ? null : { id: token }),
  heartbeat: { interval: Number(heartbeatMs), timeout: Number(heartbeatMs) },
  logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  buffer: 64 * 2 ** 20,
});
const { port } = await server.listen({ host: '127.0.0.1' });
/** Redis is gone: answers once everything that it said before is in the journal, with the number of lines. */
async function sayWhatWasNoted(): Promise<void> {
  // Replies come before the end of the connection that brings them, and a reply is noted in the turn that reads it.
  if (client.isReady)
    await new Promise((resolve) => {
      client.once('reconnecting', resolve);
    });
  await nextTurn();
  process.send?.({ noted });
}
process.on('message', (asked: { readonly members: string } | 'noted') => {
  if (asked === 'noted') {
    void sayWhatWasNoted();
    return;
  }
  void server
    .room(asked.members)
    .members()
    .then(
      (members) => process.send?.({ members: members.length }),
      () => process.send?.({ members: -1 }),
    );
});
process.on('disconnect', () => {
  process.exit();
});
process.send?.({ port });
