// From the runs of each kind to the table and the figures.
import { fixed, ratiosOf, rounded, shown, spread, whole } from '../support/figures.mjs';
import { requireFromBench, requireFromRoot, versionOf } from '../support/places.mjs';
import { sayHow } from '../support/say.mjs';
import { table } from '../support/table.mjs';
import { missed } from './kinds.mjs';

export function results(runs) {
  const rows = [...runs].map(([kind, list]) => {
    const of = (figure, digits) => rounded(spread(list.map(figure)), digits);
    return {
      kind,
      allCaughtUp: of((run) => run.allCaughtUp),
      half: of((run) => run.half),
      most: of((run) => run.most),
      peak: of((run) => run.peak),
      lost: of((run) => run.lost),
      twice: of((run) => run.twice),
      misplaced: of((run) => run.misplaced),
    };
  });
  return { results: rows, ...ratiosOf(runs, ['roomful'], (run) => run.allCaughtUp) };
}

export const versions = () => ({
  ws: versionOf(requireFromRoot, 'ws'),
  'socket.io': versionOf(requireFromBench, 'socket.io'),
  'socket.io-client': versionOf(requireFromBench, 'socket.io-client'),
  partysocket: versionOf(requireFromRoot, 'partysocket'),
});

export function report(json) {
  const {
    results: rows,
    ratioSpreads,
    setting: { clients, outage },
  } = json;
  sayHow(
    json,
    `${whole(clients)} clients with every default; the server is out of reach for ${outage / 1_000} s, and ${missed} messages are published meanwhile`,
  );
  console.log(
    '\nms since the server is back: until the last client has every message, and until half and 99 of 100 are in their room again; the most connections that opened within any 100 ms; messages lost, doubled and out of order, of all clients together.\n',
  );
  const seconds = (ms) => (ms / 1_000).toFixed(2);
  console.log(
    table(
      [
        '',
        'all caught up, s',
        'half back, s',
        '99 % back, s',
        'opens in 100 ms',
        'lost',
        'twice',
        'out of order',
      ],
      rows.map((row) => [
        row.kind,
        shown(row.allCaughtUp, seconds),
        shown(row.half, seconds),
        shown(row.most, seconds),
        shown(row.peak, whole),
        shown(row.lost, whole),
        shown(row.twice, whole),
        shown(row.misplaced, whole),
      ]),
    ),
  );
  console.log('\nRatios of the time until all are caught up:\n');
  console.log(
    table(
      ['', 'ratio'],
      Object.entries(ratioSpreads).map(([name, ratio]) => [name, shown(ratio, fixed(2))]),
    ),
  );
}
