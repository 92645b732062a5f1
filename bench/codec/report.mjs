// From the runs to the tables and the figures.
import { fixed, rounded, shown, spread, whole } from '../support/figures.mjs';
import { requireFromRoot, versionOf } from '../support/places.mjs';
import { sayHow } from '../support/say.mjs';
import { table } from '../support/table.mjs';
import { payloads } from './payloads.mjs';

const ours = {
  'roomful json': 'JSON',
  'roomful json, codec alone': 'JSON',
  'roomful msgpack': '@msgpack/msgpack',
  'roomful msgpack, codec alone': '@msgpack/msgpack',
};
const both = ({ write, read }) => write + read;

export function results(runs) {
  const find = (run, payload, way) => run.find((it) => it.payload === payload && it.way === way);
  const rows = runs[0].map(({ payload, way, bytes }) => {
    const of = (figure, digits) =>
      rounded(spread(runs.map((run) => figure(find(run, payload, way), run))), digits);
    return {
      payload,
      way,
      bytes,
      write: of((it) => it.write),
      read: of((it) => it.read),
      // Within one round, so that what the machine does falls on both.
      timesBare: of((it, run) => both(it) / both(find(run, payload, ours[way] ?? way)), 2),
      timesJson: of((it, run) => both(it) / both(find(run, payload, 'JSON')), 2),
    };
  });
  const ratios = Object.fromEntries(
    Object.keys(payloads).flatMap((payload) =>
      Object.entries(ours).map(([way, bare]) => [
        `${way}/${bare}, ${payload}`,
        rows.find((row) => row.payload === payload && row.way === way).timesBare.median,
      ]),
    ),
  );
  return { results: rows, ratios };
}

export const versions = () => ({ '@msgpack/msgpack': versionOf(requireFromRoot, '@msgpack/msgpack') });

export function report(json) {
  const {
    results: rows,
    setting: { milliseconds },
  } = json;
  sayHow(
    json,
    `each payload as an entry of a room's log in a frame of the server, written and read for ${milliseconds} ms each`,
  );
  console.log(
    '\n`codec alone`: the frame as values, as the bare codec has it. Else from and to a frame whose every field was checked. Reading looks first whether the text nests or holds too much: no input may end a server.',
  );
  for (const payload of new Set(rows.map((row) => row.payload))) {
    console.log(`\n${payload}\n`);
    console.log(
      table(
        ['', 'bytes', 'write ns', 'read ns', 'time × bare', 'time × JSON'],
        rows
          .filter((row) => row.payload === payload)
          .map((row) => [
            row.way,
            whole(row.bytes),
            shown(row.write, whole),
            shown(row.read, whole),
            shown(row.timesBare, fixed(2)),
            shown(row.timesJson, fixed(2)),
          ]),
      ),
    );
  }
}
