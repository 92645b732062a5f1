// `codec`: what our frames cost beside the codec that they are written with, and which codec is the faster one for what.
import { fileURLToPath } from 'node:url';
import { withChild } from '../support/child.mjs';
import { busyness, machine } from '../support/machine.mjs';
import { pins } from '../support/pin.mjs';
import { report, results, versions } from './report.mjs';

const script = fileURLToPath(new URL('run-codecs.mjs', import.meta.url));

export async function run({ quick, rounds = quick ? 1 : 7 }) {
  const setting = { milliseconds: quick ? 2 : 60, rounds };
  const before = busyness();
  const runs = await withChild(
    script,
    [],
    async ({ ask }) => {
      const list = [];
      // The first makes the engine compile what it needs.
      if (!quick) await ask(setting);
      for (let round = 0; round < rounds; round++) list.push(await ask(setting));
      return list;
    },
    { pin: pins().load },
  );
  const json = {
    ...results(runs),
    setting,
    machine: machine(),
    versions: versions(),
    busy: { before, after: busyness() },
  };
  report(json);
  return { json };
}
