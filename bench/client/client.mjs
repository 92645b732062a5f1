// `client`: what 10,000 messages a second cost a page, and what React makes of them.
import { fileURLToPath } from 'node:url';
import { withChild } from '../support/child.mjs';
import { withLibrary } from '../support/library.mjs';
import { busyness, machine } from '../support/machine.mjs';
import { installPackages } from '../support/packages.mjs';
import { pins } from '../support/pin.mjs';
import { bursts, kinds, messages } from './kinds.mjs';
import { report, results, versions } from './report.mjs';

const script = fileURLToPath(new URL('run-page.mjs', import.meta.url));

export async function run({ quick, rounds = quick ? 1 : 5 }) {
  installPackages();
  const load = quick ? { messages: messages / 10, bursts, warm: 0 } : { messages, bursts, warm: 2 };
  const sizes = kinds.flatMap((kind) =>
    kind.components.map((components) => ({ ...kind, components, runs: [] })),
  );
  const pin = pins();
  const before = busyness();
  await withLibrary(async (library) => {
    // Round by round, so that a neighbour's noise falls on all of them alike.
    for (let round = 0; round < rounds; round++)
      for (const it of sizes)
        it.runs.push(
          await withChild(script, [it.consumer, it.components, library], ({ ask }) => ask(load), {
            pin: pin.load,
            nodeArgs: ['--expose-gc'],
          }),
        );
  });
  const json = {
    ...results(sizes),
    setting: { ...load, rounds },
    machine: machine(),
    versions: versions(),
    busy: { before, after: busyness() },
  };
  report(json);
  return { json };
}
