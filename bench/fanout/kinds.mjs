// What is compared: a server, and the dialect in which the load speaks to it.

export const kinds = [
  { name: 'ws', server: 'ws', dialect: 'plain' },
  { name: 'ws-batched', server: 'ws-batched', dialect: 'plain' },
  { name: 'socket.io', server: 'socket.io', dialect: 'socket.io' },
  { name: 'roomful', server: 'roomful', dialect: 'roomful' },
  { name: 'roomful durable', server: 'roomful', dialect: 'roomful-durable' },
];

/** Name of a ratio: which kind over which. */
export const ratios = {
  'roomful/ws': ['roomful', 'ws'],
  'roomful/socket.io': ['roomful', 'socket.io'],
  'roomful durable/ws': ['roomful durable', 'ws'],
  'roomful durable/socket.io': ['roomful durable', 'socket.io'],
  'ws-batched/ws': ['ws-batched', 'ws'],
};
