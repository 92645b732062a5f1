// The frame of a comparison: the library is built once, every kind is measured in each round, and what came of it is reported with what it was measured on.
import { withLibrary } from './library.mjs';
import { busyness, machine } from './machine.mjs';
import { installPackages } from './packages.mjs';
import { pins } from './pin.mjs';

/** `measure(kind, library, pin, setting)`: one run. `results` makes the figures of the runs of each kind, by its name. */
export async function compare({ kinds, rounds, setting, measure, results, versions, report }) {
  installPackages();
  const runs = new Map(kinds.map(({ name }) => [name, []]));
  const pin = pins();
  const before = busyness();
  await withLibrary(async (library) => {
    // Round by round, so that a neighbour's noise falls on all of them alike.
    for (let round = 0; round < rounds; round++)
      for (const kind of kinds) runs.get(kind.name).push(await measure(kind, library, pin, setting));
  });
  const json = {
    ...results(runs),
    setting: { ...setting, rounds, cores: pin.cores },
    machine: machine(),
    versions: versions(),
    busy: { before, after: busyness() },
  };
  report(json);
  return { json };
}
