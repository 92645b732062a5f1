// What is compared: a server, what each connection says first, and what answers it.

const hello = (number) => [JSON.stringify([1, `session-of-${number}`, 'i', null, false, 'bench', 1]), '[20,'];
const join = (number) => [JSON.stringify([2, `bench/${Math.floor(number / 10)}`, null, 0, null]), '[21,'];

const url = (path) => new URL(path, import.meta.url).href;

export const kinds = [
  { name: 'ws', server: url('servers/ws.mjs'), dialect: 'ws', wordsOf: () => [] },
  { name: 'ws with heartbeat', server: url('servers/ws-heartbeat.mjs'), dialect: 'ws', wordsOf: () => [] },
  {
    name: 'socket.io',
    server: url('servers/socket.io.mjs'),
    dialect: 'socket.io',
    wordsOf: () => [
      [null, '0{'],
      ['40', '40{'],
    ],
  },
  {
    name: 'roomful, connected',
    server: url('../fanout/servers/roomful.mjs'),
    dialect: 'roomful',
    wordsOf: (number) => [hello(number)],
  },
  {
    name: 'roomful',
    server: url('../fanout/servers/roomful.mjs'),
    dialect: 'roomful',
    wordsOf: (number) => [hello(number), join(number)],
  },
];

/** The one whose ratios stand for all: each connection a session in a room of ten. */
export const headline = 'roomful';
