// `resume`: the server was out of reach; how soon everybody is back and has all that was said meanwhile, and how it is for the server.
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { withChild } from '../support/child.mjs';
import { compare } from '../support/rounds.mjs';
import { kinds, missed } from './kinds.mjs';
import { report, results, versions } from './report.mjs';

const script = (name) => fileURLToPath(new URL(name, import.meta.url));

const measure = ({ server, client }, library, pin, { clients, settle, outage, patience }) =>
  withChild(
    script('serve.mjs'),
    [server, library],
    (node) =>
      withChild(
        script('load.mjs'),
        [client, node.first.port, clients, library],
        async (load) => {
          // Until whatever counts failures is at rest, and each connection has had its heartbeat.
          await pause(settle);
          // socket.io can only bring a client back that has heard something before.
          await node.ask({ what: 'publish', from: -1, to: 0 });
          await load.ask({ what: 'expect', missed: missed + 1 });
          await node.ask({ what: 'cut' });
          await pause(outage / 2);
          await node.ask({ what: 'publish', from: 0, to: missed });
          await pause(outage / 2);
          const began = await load.ask({ what: 'now' });
          await node.ask({ what: 'listen' });
          const caught = await load.ask({ what: 'catchUp', missed: missed + 1, patience, began });
          return { ...caught, ...(await node.ask({ what: 'opened' })) };
        },
        { pin: pin.load },
      ),
    { pin: pin.server },
  );

export async function run({ quick, rounds = quick ? 1 : 5 }) {
  const setting = quick
    ? { clients: 30, settle: 200, outage: 400, patience: 15_000 }
    : { clients: 1_000, settle: 27_000, outage: 3_000, patience: 60_000 };
  return compare({ kinds, rounds, setting, measure, results, versions, report });
}
