// `idle`: what a connection that says nothing costs the server, beside one of a bare ws server.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { fixed, shown, spread, whole } from '../support/figures.mjs';
import { withLibrary } from '../support/library.mjs';
import { busyness, machine } from '../support/machine.mjs';
import { table } from '../support/table.mjs';
import { openMany } from './connect.mjs';

const script = fileURLToPath(new URL('serve.mjs', import.meta.url));

/** The most that a connection may cost, as a multiple of one of the bare server. */
const aim = 1.5;

const hello = (number) => [JSON.stringify([1, `session-of-${number}`, 'i', null, false, 'bench', 1]), '[20,'];
const join = (room) => [JSON.stringify([2, room, null, 0, null]), '[21,'];

const kinds = [
  { name: 'ws, bare', server: 'ws', wordsOf: () => [] },
  { name: 'roomful, connected', server: 'roomful', wordsOf: (number) => [hello(number)] },
  { name: 'roomful, in a room of ten', server: 'roomful', wordsOf: (number) => [hello(number), join(`bench/${Math.floor(number / 10)}`)] },
];

/** Bytes a connection, resident and in the heap. */
async function measure({ server, wordsOf }, library, connections) {
  const child = fork(script, [server, library], { execArgv: ['--expose-gc'] });
  const ask = async () => {
    child.send('memory');
    return (await once(child, 'message'))[0];
  };
  try {
    const [{ port }] = await once(child, 'message');
    // The first of them make Node load and compile what each needs.
    const warm = await openMany(port, 200, (number) => wordsOf(connections + number));
    const before = await ask();
    const sockets = await openMany(port, connections, wordsOf);
    const after = await ask();
    for (const socket of [...warm, ...sockets]) socket.destroy();
    return { resident: (after.rss - before.rss) / connections, heap: (after.heapUsed - before.heapUsed) / connections };
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}

export async function run({ quick, rounds = quick ? 1 : 3 }) {
  const connections = quick ? 1_000 : 10_000;
  const runs = new Map(kinds.map(({ name }) => [name, []]));
  const before = busyness();
  await withLibrary(async (library) => {
    for (let round = 0; round < rounds; round++) for (const kind of kinds) runs.get(kind.name).push(await measure(kind, library, connections));
  });

  const results = Object.fromEntries(kinds.map(({ name }) => {
    const resident = spread(runs.get(name).map((it) => it.resident));
    const heap = spread(runs.get(name).map((it) => it.heap));
    // Within one round, so that what the machine does falls on both.
    const ratio = spread(runs.get(name).map((it, round) => it.resident / runs.get(kinds[0].name)[round].resident));
    return [name, { resident, heap, ratio }];
  }));
  console.log(`\n${whole(connections)} idle connections, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}: bytes a connection after a collection of garbage\n`);
  console.log(table(['', 'resident', 'heap', '× ws'], Object.entries(results).map(([name, it]) => [name, shown(it.resident, (bytes) => whole(Math.round(bytes))), shown(it.heap, (bytes) => whole(Math.round(bytes))), shown(it.ratio, fixed(2))])));
  console.log(`\nTo reach: at most ${aim} × ws for one that is connected.`);
  return { json: { results, connections, rounds, machine: machine(), busy: { before, after: busyness() } } };
}
