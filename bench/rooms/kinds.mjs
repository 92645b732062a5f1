// The curves: what grows along each, and what is delivered meanwhile.

export const curves = [
  {
    name: 'rooms',
    about:
      'one client in so many rooms, which sends 2,000 messages a second to one after the other and hears each',
    what: 'many-rooms',
    sizes: [10, 100, 1_000],
    rate: 2_000,
  },
  {
    name: 'rooms of one',
    about:
      'so many clients, each alone in a room of its own; together they send 2,000 messages a second, and each hears its own',
    what: 'rooms-of-one',
    sizes: [100, 1_000, 10_000],
    rate: 2_000,
  },
  {
    name: 'members',
    about: 'one room with presence, so many members; each second 10 of them come or go and 200 of them move',
    what: 'presence',
    sizes: [10, 100, 1_000],
    rate: 210,
  },
];
