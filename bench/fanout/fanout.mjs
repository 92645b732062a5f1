// `fanout`: one room, one publisher, everybody else reads: as fast as the server can, one at a time, and at a pace.
import { platform } from 'node:process';
import { CannotRun } from '../support/cannot-run.mjs';
import { withLibrary } from '../support/library.mjs';
import { busyness, machine } from '../support/machine.mjs';
import { installPackages } from '../support/packages.mjs';
import { pins } from '../support/pin.mjs';
import { spawnServer, withServer } from '../support/server-process.mjs';
import { headline, kinds, loads } from './kinds.mjs';
import { compileLoad, runLoad } from './load.mjs';
import { natsVersion, spawnNats } from './nats-server.mjs';
import { report, results, versions } from './report.mjs';

export async function run({ quick, only, rounds = quick ? 1 : 3 }) {
  if (platform !== 'linux')
    throw new CannotRun(
      'This benchmark needs Linux: it reads the CPU time of the server from /proc, and its load generator is built on epoll.',
    );
  const chosen = loads.filter(({ name }) => only === undefined || name.includes(only));
  if (chosen.length === 0)
    throw new CannotRun(`There is no load like '${only}': ${loads.map(({ name }) => name).join(', ')}.`);
  installPackages();
  const nats = natsVersion();
  const present = kinds.filter(({ name }) => name !== 'nats-server' || nats !== null);
  const timing = quick ? { warm: 0.1, seconds: 0.2 } : { warm: 1, seconds: 2 };
  const program = compileLoad();
  const pin = pins();
  const before = busyness();
  const measured = chosen.map((load) => {
    const members = quick ? load.members / 10 : load.members;
    return {
      ...load,
      members,
      runs: new Map(
        present.filter((kind) => kind.only?.includes(load.name) ?? true).map(({ name }) => [name, []]),
      ),
    };
  });

  await withLibrary(async (library) => {
    // Round by round, so that a neighbour's noise falls on all of them alike.
    for (let round = 0; round < rounds; round++) {
      for (const { members, pace, runs } of measured) {
        for (const { name, server, dialect } of present.filter((kind) => runs.has(kind.name))) {
          const spawned =
            server === 'nats-server'
              ? await spawnNats(pin.server)
              : spawnServer(new URL(`servers/${server}.mjs`, import.meta.url).href, library, pin.server);
          runs
            .get(name)
            .push(
              await withServer(spawned, ({ port, pid }) =>
                runLoad({ ...timing, program, pin: pin.load, dialect, port, pid, members, pace }),
              ),
            );
        }
      }
    }
  });

  const json = {
    ...results(measured, headline),
    setting: { ...timing, rounds, cores: pin.cores },
    machine: machine(),
    versions: { ...versions(), 'nats-server': nats },
    busy: { before, after: busyness() },
  };
  report(json);
  return { json };
}
