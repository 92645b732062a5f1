// From the runs of each kind to the tables and the figures.
import { fixed, ratiosOf, rounded, shown, spread, thousands } from '../support/figures.mjs';
import { requireFromBench, requireFromRoot, versionOf } from '../support/places.mjs';
import { table } from '../support/table.mjs';

/** What one second of the server's CPU delivers: it means something even where the load or a neighbour was the limit. */
const perCpuSecond = ({ deliveries, cpuSeconds }) => deliveries / cpuSeconds;

/** A load's kinds, each with its figures and its ratio to every peer. */
function resultsOf({ name, members, pace, runs }) {
  return [...runs].map(([kind, list]) => {
    const of = (figure, digits) => rounded(spread(list.map(figure)), digits);
    return {
      load: name,
      members,
      pace,
      kind,
      deliveriesPerSecond: of((run) => run.deliveriesPerSecond),
      deliveriesPerCpuSecond: of(perCpuSecond),
      timesWs: rounded(
        spread(list.map((run, round) => perCpuSecond(run) / perCpuSecond(runs.get('ws')[round]))),
        2,
      ),
      p50: of((run) => run.p50, 2),
      p99: of((run) => run.p99, 2),
      serverCpu: of(({ cpuSeconds, elapsed }) => cpuSeconds / elapsed, 2),
      userShare: of(({ userSeconds, cpuSeconds }) => userSeconds / cpuSeconds, 2),
      bytesPerDelivery: of((run) => run.bytesPerDelivery, 1),
      behind: of((run) => run.behind),
      loadCpu: of((run) => run.loadCpu, 2),
    };
  });
}

export function results(measured, headline) {
  const { runs } = measured.find(({ name }) => name === headline) ?? measured[0];
  return {
    results: measured.flatMap(resultsOf),
    ...ratiosOf(runs, ['roomful', 'roomful durable'], perCpuSecond),
  };
}

export const versions = () => ({
  ws: versionOf(requireFromRoot, 'ws'),
  'socket.io': versionOf(requireFromBench, 'socket.io'),
  'socket.io-msgpack-parser': versionOf(requireFromBench, 'socket.io-msgpack-parser'),
  'ws under socket.io': versionOf(requireFromBench, 'ws'),
});

const paces = {
  w8: '8 publishes in flight',
  w1: 'one publish in flight',
  r50: '50 publishes a second',
  r400: '400 publishes a second',
};

export function report({ results: rows, ratioSpreads, setting, machine, versions: used, busy }) {
  const { warm, seconds, rounds, cores } = setting;
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, Node ${machine.node}`,
  );
  console.log(
    Object.entries(used)
      .map(([name, version]) => `${name} ${version ?? '(not installed)'}`)
      .join(', '),
  );
  console.log(
    `one room, one publisher of about 100 bytes each time; ${seconds} s a run after ${warm} s to warm up, ${rounds} ${rounds === 1 ? 'round' : 'interleaved rounds: medians (min–max)'}`,
  );
  console.log(
    `${cores ? `server on core ${cores[0]}, load on core ${cores[1]}` : 'server and load not pinned to cores'}; load average ${busy.before} before, ${busy.after} after`,
  );
  console.log(
    '\n`roomful` is a broadcast, as the loop is; `roomful durable` a message that is numbered, logged, deduplicated and acknowledged.',
  );
  console.log(
    '`behind`: publishes that had not arrived at the end; `load CPU`: what the generator took of its core, the limit where it nears 1.',
  );
  for (const name of new Set(rows.map(({ load }) => load))) {
    const of = rows.filter(({ load }) => load === name);
    console.log(`\n${of[0].members} members, ${paces[of[0].pace]}\n`);
    console.log(
      table(
        [
          'server',
          'deliveries/s',
          'per server-CPU-s',
          '× ws',
          'p50 ms',
          'p99 ms',
          'server CPU',
          'user share',
          'bytes',
          'behind',
          'load CPU',
        ],
        of.map((row) => [
          row.kind,
          shown(row.deliveriesPerSecond, thousands),
          shown(row.deliveriesPerCpuSecond, thousands),
          shown(row.timesWs, fixed(2)),
          shown(row.p50, fixed(1)),
          shown(row.p99, fixed(1)),
          fixed(2)(row.serverCpu.median),
          fixed(2)(row.userShare.median),
          fixed(0)(row.bytesPerDelivery.median),
          fixed(0)(row.behind.median),
          fixed(2)(row.loadCpu.median),
        ]),
      ),
    );
  }
  console.log(`\nRatios of deliveries per server-CPU-second at ${rows[0].load}:\n`);
  console.log(
    table(
      ['', 'ratio'],
      Object.entries(ratioSpreads).map(([name, ratio]) => [name, shown(ratio, fixed(2))]),
    ),
  );
}
