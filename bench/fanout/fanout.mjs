// `fanout`: one room, one publisher, everybody else reads, as fast as the server can.
import { platform } from 'node:process';
import { CannotRun } from '../support/cannot-run.mjs';
import { withLibrary } from '../support/library.mjs';
import { busyness, machine } from '../support/machine.mjs';
import { installPackages } from '../support/packages.mjs';
import { pins } from '../support/pin.mjs';
import { kinds } from './kinds.mjs';
import { compileLoad, runLoad } from './load.mjs';
import { results, report, versions } from './report.mjs';
import { withServer } from './server-process.mjs';

/** Publishes in flight: enough for the server never to wait. */
const inFlight = 8;

export async function run({ quick, rounds = quick ? 1 : 3 }) {
  if (platform !== 'linux') throw new CannotRun('This benchmark needs Linux: it reads the CPU time of the server from /proc, and its load generator is built on epoll.');
  installPackages();
  const setting = { members: quick ? 200 : 1_000, inFlight, warm: quick ? 0.3 : 1.5, seconds: quick ? 1 : 3, rounds };
  const program = compileLoad();
  const pin = pins();
  const runs = new Map(kinds.map(({ name }) => [name, []]));
  const before = busyness();

  await withLibrary(async (library) => {
    // Round by round, so that a neighbour's noise falls on all of them alike.
    for (let round = 0; round < rounds; round++) {
      for (const { name, server, dialect } of kinds) {
        const measured = await withServer({ name: server, library, pin: pin.server }, ({ port, pid }) => runLoad({ ...setting, program, pin: pin.load, dialect, port, pid }));
        runs.get(name).push(measured);
      }
    }
  });

  const json = { ...results(runs), setting: { ...setting, cores: pin.cores }, machine: machine(), versions: versions(), busy: { before, after: busyness() } };
  report(json);
  return { json };
}
