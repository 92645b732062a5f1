// `npm run bench -- NAME`: measures one thing and prints a table; with `--json`, one line of JSON at the end.
import { parseArgs } from 'node:util';

const benches = {
  acks: {
    about: 'durable messages acknowledged a second, and how soon, against a bare ws echo and socket.io',
    load: () => import('./acks/acks.mjs'),
  },
  client: {
    about:
      'what 10,000 messages a second cost a page, against zustand written by hand and react-use-websocket',
    load: () => import('./client/client.mjs'),
  },
  cluster: {
    about:
      'messages a second and latency from a node to another through Redis, and what is lost, against socket.io with its Redis adapters',
    load: () => import('./cluster/cluster.mjs'),
  },
  codec: {
    about: 'what frames cost beside bare JSON and bare @msgpack/msgpack, for four payloads',
    load: () => import('./codec/codec.mjs'),
  },
  fanout: {
    about:
      'deliveries a second to the members of a room, and by second of CPU, against ws, socket.io and nats-server',
    load: () => import('./fanout/fanout.mjs'),
  },
  idle: {
    about:
      'memory and CPU of the server for each of 10,000 idle connections, against a bare ws server and socket.io',
    load: () => import('./idle/idle.mjs'),
  },
  resume: {
    about:
      'how soon 1,000 clients are back after an outage with all that they missed, against socket.io and partysocket',
    load: () => import('./resume/resume.mjs'),
  },
  rooms: {
    about: 'whether the cost grows with what is delivered: many rooms, rooms of one, presence of many',
    load: () => import('./rooms/rooms.mjs'),
  },
  size: {
    about: 'bytes of the browser half, minified and compressed',
    load: () => import('./size/size.mjs'),
  },
};

const usage = `npm run bench -- NAME [--json] [--quick]

${Object.entries(benches)
  .map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`)
  .join('\n')}

  --json         one line of JSON at the end
  --quick        a short run, to see that it works: its figures mean little
  --rounds N     repeats (default 3; size is exact)
  --only TEXT    only the loads whose name has this in it (fanout)
  --check        fail where a bound is passed (size)`;

/** The arguments, or a sentence about what is wrong with them. */
function read() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        only: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
    if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1 && rounds <= 100))
      return '--rounds is a whole number from 1 to 100';
    if (positionals.length > 1) return 'one benchmark at a time';
    const name = positionals[0];
    if (name !== undefined && !Object.hasOwn(benches, name)) return `there is no benchmark '${name}'`;
    return { ...values, rounds, name };
  } catch (error) {
    return error.message;
  }
}

const options = read();
if (typeof options === 'string') {
  console.error(`${options}\n\n${usage}`);
  process.exitCode = 2;
} else if (options.name === undefined || options.help) {
  console.log(usage);
} else {
  // An interrupted run leaves nothing behind either: servers end with this process, and `exit` removes the rest.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => process.exit(code));
  try {
    const { run } = await benches[options.name].load();
    const { json, ok = true } = await run(options);
    if (options.json) console.log(JSON.stringify({ bench: options.name, ...json }));
    if (!ok) process.exitCode = 1;
  } catch (error) {
    console.error(error.name === 'CannotRun' ? error.message : error);
    process.exitCode = 1;
  }
}
