// From the runs of each kind to the table and the figures.
import { fixed, ratiosOf, rounded, shown, spread, whole } from '../support/figures.mjs';
import { requireFromBench, requireFromRoot, versionOf } from '../support/places.mjs';
import { sayHow } from '../support/say.mjs';
import { table } from '../support/table.mjs';
import { headline, kinds } from './kinds.mjs';

/** The most that a connection may cost, as a multiple of one of the bare server: bytes, and CPU time beside the bare server that looks after its connections too. */
const aims = { bytes: 1.25, cpu: 2 };

const [bare, alive] = kinds.map(({ name }) => name);

export function results(runs) {
  const rows = [...runs].map(([kind, list]) => {
    const of = (figure, digits) => rounded(spread(list.map(figure)), digits);
    // Within one round, so that what the machine does falls on both.
    const times = (figure, other) => of((run) => figure(run) / figure(runs.get(other)[list.indexOf(run)]), 2);
    return {
      kind,
      resident: of((run) => run.resident),
      heap: of((run) => run.heap),
      timesWs: times((run) => run.resident, bare),
      cpu: of((run) => run.cpu, 4),
      timesHeartbeat: times((run) => run.cpu, alive),
      lost: of((run) => run.lost),
    };
  });
  const own = kinds.map(({ name }) => name).filter((name) => name.startsWith(headline));
  const { ratios, ratioSpreads } = ratiosOf(runs, own, (run) => run.resident);
  return { results: rows, ratios, ratioSpreads };
}

export const versions = () => ({
  ws: versionOf(requireFromRoot, 'ws'),
  'socket.io': versionOf(requireFromBench, 'socket.io'),
});

export function report(json) {
  const {
    results: rows,
    setting: { connections, seconds },
  } = json;
  // The connections are this process's own, which is on no core of its own.
  sayHow({ ...json, setting: { rounds: json.setting.rounds } }, `${whole(connections)} idle connections`);
  console.log(
    `\nBytes a connection after a collection of garbage; CPU over ${seconds} s as a percentage of one core, every connection kept alive by a heartbeat every 25 s on both sides, but those of 'ws'.\n'roomful': each is a session in a room of ten, as is each of socket.io.\n`,
  );
  const percent = (share) => `${(share * 100).toFixed(2)}`;
  console.log(
    table(
      ['', 'resident', '× ws', 'heap', 'CPU %', '× ws with heartbeat', 'lost'],
      rows.map((row) => [
        row.kind,
        shown(row.resident, whole),
        shown(row.timesWs, fixed(2)),
        shown(row.heap, whole),
        shown(row.cpu, percent),
        shown(row.timesHeartbeat, fixed(2)),
        shown(row.lost, fixed(0)),
      ]),
    ),
  );
  const { timesWs, timesHeartbeat } = rows.find(({ kind }) => kind === headline);
  console.log(
    `\nTo reach: at most ${aims.bytes} × ws in bytes (${fixed(2)(timesWs.median)}), and ${aims.cpu} × ws with heartbeat in CPU (${fixed(2)(timesHeartbeat.median)}).`,
  );
}
