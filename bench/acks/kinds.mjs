// What is compared: a server, and what sends to it and knows when each message has been taken.

export const kinds = [
  { name: 'ws echo', server: 'ws-echo', client: 'ws-echo' },
  { name: 'socket.io', server: 'socket.io', client: 'socket.io' },
  { name: 'roomful', server: 'roomful', client: 'roomful' },
];

/** How many messages are on their way at once. */
export const loads = [1, 64, 1_024];

/** The load whose ratios stand for all. */
export const headline = 64;
