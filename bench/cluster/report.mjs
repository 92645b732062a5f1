// From the runs of each kind to the tables and the figures.
import { execFileSync } from 'node:child_process';
import { findRedis } from '../../test/support/redis/redis-path.mjs';
import { fixed, shown, spread, thousands, whole } from '../support/figures.mjs';
import { requireFromBench, requireFromRoot } from '../support/places.mjs';
import { table } from '../support/table.mjs';
import { ratios } from './kinds.mjs';

const rounded = ({ median, min, max }, digits = 0) => ({
  median: Number(median.toFixed(digits)),
  min: Number(min.toFixed(digits)),
  max: Number(max.toFixed(digits)),
});

/** Ratios are taken inside a round, where both sides met the same neighbours. */
const ratioOf = (runs, [over, under]) =>
  spread(runs.get(over).map((run, round) => run.perSecond / runs.get(under)[round].perSecond));

const sum = (list) =>
  list.reduce((all, it) => ({
    sent: all.sent + it.sent,
    lost: all.lost + it.lost,
    twice: all.twice + it.twice,
  }));

export function results(runs, losses) {
  const of = (list, figure, digits) => rounded(spread(list.map(figure)), digits);
  const rows = [...runs].map(([kind, list]) => ({
    kind,
    messagesPerSecond: of(list, (run) => run.perSecond),
    p50: of(list, (run) => run.p50, 3),
    p99: of(list, (run) => run.p99, 3),
    addedP50: of(list, (run) => run.added, 3),
    cpuPerMessage: Object.fromEntries(
      ['a', 'b', 'redis', 'load'].map((name, at) => [name, of(list, ({ cpu }) => cpu[at], 1)]),
    ),
    connectionCut: sum(losses.get(kind).client),
    redisConnectionsCut: sum(losses.get(kind).redis),
  }));
  const spreads = Object.fromEntries(
    Object.entries(ratios).map(([name, pair]) => [name, rounded(ratioOf(runs, pair), 2)]),
  );
  return {
    results: rows,
    ratios: Object.fromEntries(Object.entries(spreads).map(([name, { median }]) => [name, median])),
    ratioSpreads: spreads,
  };
}

const versionOf = (require, name) => require(`${name}/package.json`).version;

export const versions = () => ({
  redis: /v=(\S+)/.exec(execFileSync(findRedis(), ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown',
  'node-redis': versionOf(requireFromRoot, 'redis'),
  'socket.io': versionOf(requireFromBench, 'socket.io'),
  '@socket.io/redis-adapter': versionOf(requireFromBench, '@socket.io/redis-adapter'),
  '@socket.io/redis-streams-adapter': versionOf(requireFromBench, '@socket.io/redis-streams-adapter'),
});

const counts = ({ sent, lost, twice }) => [`${whole(lost)} of ${whole(sent)}`, whole(twice)];

export function report({ results: rows, ratioSpreads, setting, machine, versions: used, busy }) {
  const { window, seconds, rate, cuts, apart, lossRate, rounds } = setting;
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, Node ${machine.node}`,
  );
  console.log(
    Object.entries(used)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  );
  console.log(
    `A client on node A to one on node B, through one Redis; messages of about 100 bytes. Pace: ${window} in flight for ${seconds} s; latency: ${rate} a second; ${rounds} ${rounds === 1 ? 'round' : 'interleaved rounds: medians (min–max)'}`,
  );
  console.log(`load average ${busy.before} before, ${busy.after} after\n`);
  console.log(
    table(
      ['server', 'messages/s', 'p50 ms', 'p99 ms', 'added p50 ms', 'CPU µs: A', 'B', 'Redis', 'load'],
      rows.map((row) => [
        row.kind,
        shown(row.messagesPerSecond, thousands),
        ...[row.p50, row.p99, row.addedP50].map((it) => shown(it, fixed(2))),
        ...Object.values(row.cpuPerMessage).map(({ median }) => fixed(1)(median)),
      ]),
    ),
  );
  console.log(
    "\n`roomful` is a message that is numbered, logged, deduplicated and acknowledged; `roomful volatile` a broadcast, as socket.io's emit is. Added: beside both clients on one node. CPU: for each message.\n",
  );
  console.log(
    table(
      ['messages/s', 'ratio'],
      Object.entries(ratioSpreads).map(([name, ratio]) => [name, shown(ratio, fixed(2))]),
    ),
  );
  console.log(
    `\nThe libraries' own clients at ${lossRate} a second. First, the receiver's connection is cut ${cuts} times a round, ${apart / 1_000} s after it was back; then, all connections of both nodes to Redis. What never came, and what came twice:\n`,
  );
  console.log(
    table(
      ['server', 'connection cut: lost', 'twice', 'Redis cut: lost', 'twice'],
      rows.map((row) => [row.kind, ...counts(row.connectionCut), ...counts(row.redisConnectionsCut)]),
    ),
  );
}
