// From the runs of each kind to the table and the figures.
import { fixed, shown, spread, thousands } from '../support/figures.mjs';
import { requireFromBench, requireFromRoot } from '../support/places.mjs';
import { table } from '../support/table.mjs';
import { ratios } from './kinds.mjs';

const perCpuSecond = ({ deliveries, cpuSeconds }) => deliveries / cpuSeconds;

const rounded = ({ median, min, max }, digits = 0) => ({ median: Number(median.toFixed(digits)), min: Number(min.toFixed(digits)), max: Number(max.toFixed(digits)) });

/** Ratios are taken inside a round, where both sides met the same neighbours. */
function ratioOf(runs, [over, under]) {
  return spread(runs.get(over).map((run, round) => perCpuSecond(run) / perCpuSecond(runs.get(under)[round])));
}

export function results(runs) {
  const of = (list, figure, digits) => rounded(spread(list.map(figure)), digits);
  const rows = [...runs].map(([kind, list]) => ({
    kind,
    deliveriesPerSecond: of(list, (run) => run.deliveriesPerSecond),
    deliveriesPerCpuSecond: of(list, perCpuSecond),
    p50: of(list, (run) => run.p50, 2),
    p99: of(list, (run) => run.p99, 2),
    serverCpu: of(list, ({ cpuSeconds, elapsed }) => cpuSeconds / elapsed, 2),
    userShare: of(list, ({ userSeconds, cpuSeconds }) => userSeconds / cpuSeconds, 2),
    bytesPerDelivery: of(list, (run) => run.bytesPerDelivery, 1),
  }));
  const spreads = Object.fromEntries(Object.entries(ratios).map(([name, pair]) => [name, rounded(ratioOf(runs, pair), 2)]));
  return { results: rows, ratios: Object.fromEntries(Object.entries(spreads).map(([name, { median }]) => [name, median])), ratioSpreads: spreads };
}

const versionOf = (require, name) => require(`${name}/package.json`).version;

export const versions = () => ({
  ws: versionOf(requireFromRoot, 'ws'),
  'socket.io': versionOf(requireFromBench, 'socket.io'),
  'ws under socket.io': versionOf(requireFromBench, 'ws'),
});

export function report({ results: rows, ratioSpreads, setting, machine, versions: used, busy }) {
  const { members, inFlight, seconds, rounds, cores } = setting;
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, Node ${machine.node}`);
  console.log(Object.entries(used).map(([name, version]) => `${name} ${version}`).join(', '));
  console.log(`${members} members of one room, one publisher with ${inFlight} publishes of about 100 bytes in flight; ${seconds} s a run, ${rounds} ${rounds === 1 ? 'round' : 'interleaved rounds: medians (min–max)'}`);
  console.log(`${cores ? `server on core ${cores[0]}, load on core ${cores[1]}` : 'server and load not pinned to cores'}; load average ${busy.before} before, ${busy.after} after\n`);
  console.log(table(
    ['server', 'deliveries/s', 'deliveries per server-CPU-s', 'p50 ms', 'p99 ms', 'server CPU', 'user share', 'bytes'],
    rows.map((row) => [
      row.kind,
      shown(row.deliveriesPerSecond, thousands),
      shown(row.deliveriesPerCpuSecond, thousands),
      shown(row.p50, fixed(1)),
      shown(row.p99, fixed(1)),
      shown(row.serverCpu, fixed(2)),
      fixed(2)(row.userShare.median),
      fixed(0)(row.bytesPerDelivery.median),
    ]),
  ));
  console.log('\n`roomful` is a broadcast, as the loop is; `roomful durable` a message that is numbered, logged, deduplicated and acknowledged.\n');
  console.log(table(['deliveries per server-CPU-s', 'ratio'], Object.entries(ratioSpreads).map(([name, ratio]) => [name, shown(ratio, fixed(2))])));
}
