// `idle`: what a connection that says nothing costs the server, in memory and in CPU time, beside one of a bare ws server and of socket.io.
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { withChild } from '../support/child.mjs';
import { compare } from '../support/rounds.mjs';
import { keepAlive, openMany } from './connect.mjs';
import { kinds } from './kinds.mjs';
import { report, results, versions } from './report.mjs';

const script = fileURLToPath(new URL('serve.mjs', import.meta.url));

/** Bytes a connection, resident and in the heap, and the share of a core that all of them take. */
const measure = ({ server, dialect, wordsOf }, library, pin, { connections, seconds }) =>
  withChild(
    script,
    [server, library],
    async ({ first: { port }, ask }) => {
      // The first of them make Node load and compile what each needs.
      const warm = await openMany(port, dialect, 200, (number) => wordsOf(connections + number));
      const before = await ask('memory');
      const sockets = await openMany(port, dialect, connections, wordsOf);
      const after = await ask('memory');
      const stop = keepAlive(dialect, sockets);
      const used = await ask('cpu');
      await pause(seconds * 1_000);
      const now = await ask('cpu');
      stop();
      const lost = sockets.filter(({ readyState }) => readyState !== 'open').length;
      for (const socket of [...warm, ...sockets]) socket.destroy();
      return {
        resident: (after.rss - before.rss) / connections,
        heap: (after.heapUsed - before.heapUsed) / connections,
        cpu: (now.user + now.system - used.user - used.system) / (seconds * 1e6),
        lost,
      };
    },
    { pin: pin.server, nodeArgs: ['--expose-gc'] },
  );

export async function run({ quick, rounds = quick ? 1 : 3 }) {
  // One time between heartbeats, so that each connection has had its own.
  const setting = quick ? { connections: 1_000, seconds: 1 } : { connections: 10_000, seconds: 25 };
  return compare({ kinds, rounds, setting, measure, results, versions, report });
}
