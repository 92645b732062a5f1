// From the runs of each kind to the tables and the figures.
import { fixed, ratiosOf, rounded, shown, spread, thousands } from '../support/figures.mjs';
import { requireFromBench, requireFromRoot, versionOf } from '../support/places.mjs';
import { sayHow } from '../support/say.mjs';
import { table } from '../support/table.mjs';
import { headline, kinds, loads } from './kinds.mjs';

const floor = kinds[0].name;

export function results(runs) {
  const rows = [...runs].flatMap(([kind, list]) =>
    loads.map((inFlight) => {
      const of = (figure, digits) =>
        rounded(spread(list.map(({ saturated }) => figure(saturated[inFlight]))), digits);
      const perSecond = (run) => run.saturated[inFlight].perSecond;
      return {
        kind,
        inFlight,
        perSecond: of((run) => run.perSecond),
        timesEcho: rounded(
          spread(list.map((run, round) => perSecond(run) / perSecond(runs.get(floor)[round]))),
          2,
        ),
        serverMicroseconds: of(({ serverCpuSeconds, count }) => (serverCpuSeconds * 1e6) / count, 1),
        clientMicroseconds: of(({ cpuSeconds, count }) => (cpuSeconds * 1e6) / count, 1),
      };
    }),
  );
  const roundTrips = [...runs].map(([kind, list]) => ({
    kind,
    p50: rounded(spread(list.map(({ low }) => low.p50)), 3),
    p99: rounded(spread(list.map(({ low }) => low.p99)), 3),
    timesEcho: rounded(spread(list.map(({ low }, round) => low.p50 / runs.get(floor)[round].low.p50)), 2),
  }));
  return {
    results: rows,
    roundTrips,
    ...ratiosOf(runs, ['roomful'], (run) => run.saturated[headline].perSecond),
  };
}

export const versions = () => ({
  ws: versionOf(requireFromRoot, 'ws'),
  'socket.io': versionOf(requireFromBench, 'socket.io'),
  'socket.io-client': versionOf(requireFromBench, 'socket.io-client'),
});

export function report(json) {
  const {
    results: rows,
    roundTrips,
    ratioSpreads,
    setting: { seconds },
  } = json;
  sayHow(
    json,
    `one client sends messages of about 100 bytes, each known to be taken before its place is used again; ${seconds} s a run`,
  );
  console.log(
    '\n`ws echo` keeps nothing and reads nothing. `socket.io`: emitWithAck, nothing kept. `roomful`: a durable `send`, with log and deduplication.',
  );
  for (const inFlight of loads) {
    console.log(`\n${inFlight} in flight\n`);
    console.log(
      table(
        ['', 'acknowledged/s', '× echo', 'server µs each', 'client µs each'],
        rows
          .filter((row) => row.inFlight === inFlight)
          .map((row) => [
            row.kind,
            shown(row.perSecond, thousands),
            shown(row.timesEcho, fixed(2)),
            shown(row.serverMicroseconds, fixed(1)),
            shown(row.clientMicroseconds, fixed(1)),
          ]),
      ),
    );
  }
  console.log('\nOne at a time with a pause of 2 ms between: ms until it is known to be taken\n');
  console.log(
    table(
      ['', 'p50', '× echo', 'p99'],
      roundTrips.map((row) => [
        row.kind,
        shown(row.p50, fixed(3)),
        shown(row.timesEcho, fixed(2)),
        shown(row.p99, fixed(3)),
      ]),
    ),
  );
  console.log(`\nRatios of messages acknowledged a second, ${headline} in flight:\n`);
  console.log(
    table(
      ['', 'ratio'],
      Object.entries(ratioSpreads).map(([name, ratio]) => [name, shown(ratio, fixed(2))]),
    ),
  );
}
