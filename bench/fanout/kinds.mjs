// What is compared, and under what load.

/** A server, and the dialect in which the load speaks to it. `only`: the loads it is there for; all of them where it says nothing. */
export const kinds = [
  { name: 'ws', server: 'ws', dialect: 'plain' },
  { name: 'ws-prebuilt', server: 'ws-prebuilt', dialect: 'plain' },
  { name: 'ws-batched', server: 'ws-batched', dialect: 'plain', only: ['1000 saturated'] },
  { name: 'socket.io', server: 'socket.io', dialect: 'socket.io' },
  { name: 'socket.io-msgpack', server: 'socket.io-msgpack', dialect: 'socket.io-msgpack' },
  { name: 'nats-server', server: 'nats-server', dialect: 'nats' },
  { name: 'roomful', server: 'roomful', dialect: 'roomful' },
  { name: 'roomful durable', server: 'roomful', dialect: 'roomful-durable', only: ['1000 saturated'] },
];

const sizes = [1_000, 100, 5_000];

/** `pace`: wN keeps N publishes in flight, rN publishes N times a second. */
export const loads = [
  ...sizes.map((members) => ({ name: `${members} saturated`, members, pace: 'w8' })),
  ...sizes.map((members) => ({ name: `${members} one in flight`, members, pace: 'w1' })),
  { name: '1000 at 50/s', members: 1_000, pace: 'r50' },
  { name: '1000 at 400/s', members: 1_000, pace: 'r400' },
];

/** The load whose ratios stand for all. */
export const headline = '1000 saturated';
