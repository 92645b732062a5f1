// From the runs of each point to the tables and the curves.
import { fixed, rounded, shown, spread, thousands, whole } from '../support/figures.mjs';
import { requireFromRoot, versionOf } from '../support/places.mjs';
import { sayHow } from '../support/say.mjs';
import { table } from '../support/table.mjs';
import { curve } from './curve.mjs';
import { curves } from './kinds.mjs';

export function results(points) {
  return {
    results: points.map(({ name, size, runs }) => {
      const of = (figure, digits) => rounded(spread(runs.map(figure)), digits);
      return {
        curve: name,
        size,
        delivered: of((run) => run.delivered),
        bytes: of((run) => run.bytes),
        cpu: of((run) => run.cpu / 1e6, 4),
        each: of((run) => run.cpu / run.delivered, 2),
      };
    }),
    ratios: {},
  };
}

export const versions = () => ({ ws: versionOf(requireFromRoot, 'ws') });

export function report(json) {
  const {
    results: rows,
    setting: { seconds },
  } = json;
  sayHow(json, `a steady load on one server process, measured for ${seconds} s at each size`);
  console.log(
    '\nDelivered: messages, or changes of presence, that arrive at a member. CPU: of the server, as a percentage of one core.',
  );
  for (const { name, about } of curves) {
    const of = rows.filter((row) => row.curve === name);
    console.log(`\n${name}: ${about}\n`);
    console.log(
      table(
        [name, 'delivered/s', 'CPU %', 'CPU µs for each delivered', 'bytes/s'],
        of.map((row) => [
          whole(row.size),
          shown(row.delivered, whole),
          shown(row.cpu, (share) => (share * 100).toFixed(1)),
          shown(row.each, fixed(2)),
          shown(row.bytes, thousands),
        ]),
      ),
    );
    console.log(
      `\n${curve(
        of.map(({ size, each }) => ({ at: size, value: each.median })),
        { x: name, y: 'CPU µs for each delivered' },
      )}`,
    );
  }
}
