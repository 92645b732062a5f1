// What is compared: a server over Redis, and the dialect in which clients speak to it.

export const kinds = [
  { name: 'socket.io-pubsub', server: 'socket.io', adapter: 'pubsub', dialect: 'socket.io' },
  { name: 'socket.io-streams', server: 'socket.io', adapter: 'streams', dialect: 'socket.io' },
  { name: 'roomful', server: 'roomful', adapter: 'redis', dialect: 'roomful' },
  { name: 'roomful volatile', server: 'roomful', adapter: 'redis', dialect: 'roomful-volatile' },
];

/** Name of a ratio: which kind over which. */
export const ratios = {
  'roomful/socket.io-streams': ['roomful', 'socket.io-streams'],
  'roomful/socket.io-pubsub': ['roomful', 'socket.io-pubsub'],
  'roomful volatile/socket.io-streams': ['roomful volatile', 'socket.io-streams'],
  'roomful volatile/socket.io-pubsub': ['roomful volatile', 'socket.io-pubsub'],
};
