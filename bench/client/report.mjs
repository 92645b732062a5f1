// From the runs of each kind and size to the tables and the figures.
import { fixed, ratiosOf, rounded, shown, spread, whole } from '../support/figures.mjs';
import { requireFromBench, requireFromRoot, versionOf } from '../support/places.mjs';
import { sayHow } from '../support/say.mjs';
import { table } from '../support/table.mjs';
import { headline } from './kinds.mjs';

export function results(sizes) {
  const rows = sizes.map(({ name, components, runs }) => {
    const of = (figure, digits) => rounded(spread(runs.map(figure)), digits);
    return {
      kind: name,
      components,
      busy: of((run) => run.busy, 1),
      renders: of((run) => run.renders),
      commitsABurst: of((run) => run.commits),
      dropped: of((run) => run.dropped),
    };
  });
  const atHeadline = new Map(
    sizes.filter(({ components }) => components === headline).map(({ name, runs }) => [name, runs]),
  );
  const { ratios, ratioSpreads } = ratiosOf(atHeadline, ['roomful', 'roomful, no React'], (run) => run.busy);
  return { results: rows, ratios, ratioSpreads };
}

export const versions = () => ({
  ...Object.fromEntries(
    ['react', 'zustand', 'jsdom'].map((name) => [name, versionOf(requireFromRoot, name)]),
  ),
  'react-use-websocket': versionOf(requireFromBench, 'react-use-websocket'),
});

export function report(json) {
  const {
    results: rows,
    ratioSpreads,
    setting: { messages, bursts },
  } = json;
  sayHow(
    json,
    `${whole(messages)} messages in ${bursts} bursts, as text from a socket, dealt over the components; React as apps ship it, in jsdom`,
  );
  console.log(
    '\nBusy: ms for all messages, from the text to what the components show. Dropped: components that do not show their last message, or messages that no handler heard.',
  );
  console.log(
    '`roomful`: broadcasts of one room, a `useMessage` for its own entity in each component. `roomful, no React`: entries of a log in a list of 100; with 0 selectors the machine alone.',
  );
  for (const kind of new Set(rows.map((row) => row.kind))) {
    console.log(`\n${kind}\n`);
    console.log(
      table(
        [
          kind.includes('no React') ? 'selectors' : 'components',
          'busy ms',
          'renders',
          'commits a burst, at most',
          'dropped',
        ],
        rows
          .filter((row) => row.kind === kind)
          .map((row) => [
            row.components,
            shown(row.busy, fixed(1)),
            whole(row.renders.median),
            fixed(0)(row.commitsABurst.max),
            fixed(0)(row.dropped.max),
          ]),
      ),
    );
  }
  console.log(`\nRatios of busy time at ${headline} components:\n`);
  console.log(
    table(
      ['', 'ratio'],
      Object.entries(ratioSpreads).map(([name, ratio]) => [name, shown(ratio, fixed(2))]),
    ),
  );
}
