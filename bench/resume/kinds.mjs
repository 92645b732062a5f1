// What is compared: a server that remembers what a client missed, and the client that asks for it.

export const kinds = [
  { name: 'socket.io', server: 'socket.io', client: 'socket.io' },
  { name: 'partysocket by hand', server: 'by-hand', client: 'by-hand' },
  { name: 'roomful', server: 'roomful', client: 'roomful' },
];

/** How many messages each client misses. */
export const missed = 100;
