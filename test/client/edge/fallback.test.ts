// Which transport an attempt is made with.
import { expect, test } from 'vitest';
import { withFallback } from '../../../src/client/edge/fallback.js';
import type { Connect, LinkEvents } from '../../../src/client/edge/link.js';
import { lookingFor } from '../../../src/client/edge/look.js';

interface Attempt {
  readonly transport: 'websocket' | 'http';
  readonly events: LinkEvents;
  readonly closes: number[];
}

interface World {
  readonly attempts: Attempt[];
  now: number;
  loads: number;
  /** How often a better transport was told of. */
  better: number;
  connect(): Promise<ReturnType<Connect>>;
  fail(code?: number): Promise<void>;
  /** Opens, and hears something. */
  open(): Promise<void>;
}

function world(): World {
  const attempts: Attempt[] = [];
  const edge =
    (transport: Attempt['transport']): Connect =>
    (_url, _protocols, events) => {
      const closes: number[] = [];
      attempts.push({ transport, events, closes });
      return {
        transport,
        send: () => undefined,
        close: (code) => {
          closes.push(code);
        },
      };
    };
  const network: World = {
    attempts,
    now: 1_000_000,
    loads: 0,
    better: 0,
    async connect() {
      const link = connect('ws://x', ['p'], {
        opened: () => undefined,
        message: () => undefined,
        closed: () => undefined,
        better: () => {
          network.better++;
        },
      });
      await Promise.resolve();
      await Promise.resolve();
      return link;
    },
    async fail(code = 1006) {
      await network.connect();
      attempts.at(-1)?.events.closed(code, '');
    },
    async open() {
      await network.connect();
      const { events } = attempts.at(-1) as Attempt;
      events.opened('p');
      events.message('hello');
    },
  };
  const socket = edge('websocket');
  const connect = withFallback(socket, async () => {
    network.loads++;
    return lookingFor(socket, () => network.now, edge('http'));
  });
  return network;
}

const tried = (network: World): string => network.attempts.map(({ transport }) => transport[0]).join('');

test('WebSocket that works is all that is ever tried, and no code of the fallback is fetched', async () => {
  const network = world();
  await network.fail();
  await network.open();
  for (let count = 0; count < 10; count++) await network.fail();
  expect(tried(network)).toBe('w'.repeat(12));
  expect(network.loads).toBe(0);
});

test('WebSocket that fails twice before it ever worked is followed by HTTP, which is remembered; it looks whether WebSocket opens by now', async () => {
  const network = world();
  await network.fail();
  await network.fail();
  await network.open();
  expect(tried(network), 'the last is a look').toBe('wwhw');
  network.attempts[3]?.events.closed(1006, '');
  network.attempts[2]?.events.closed(1006, '');
  await network.open();
  await network.open();
  expect(tried(network), 'not again so soon').toBe('wwhwhh');
  network.now += 600_000;
  await network.open();
  expect(tried(network)).toBe('wwhwhhhw');
  expect(network.better).toBe(0);
});

test('a look that hangs ends with the link that it was made beside', async () => {
  const network = world();
  await network.fail();
  await network.fail();
  const link = await network.connect();
  network.attempts[2]?.events.message('hello');
  expect(tried(network)).toBe('wwhw');
  link.close(1000, '');
  expect(network.attempts[3]?.closes).toEqual([1000]);
  network.now += 600_000;
  await network.open();
  expect(tried(network)).toBe('wwhwhw');
  network.attempts[4]?.events.closed(1006, '');
  expect(network.attempts[5]?.closes).toEqual([1000]);
});

test('where WebSocket opens by now, the link says so, and the next attempt takes it; once it brought something it stays', async () => {
  const network = world();
  await network.fail();
  await network.fail();
  await network.open();
  network.attempts[3]?.events.opened('p');
  expect(network.better).toBe(1);
  expect(network.attempts[3]?.closes, 'it was only a look').toEqual([1000]);
  await network.open();
  for (let count = 0; count < 4; count++) await network.fail();
  expect(tried(network)).toBe('wwhwwwwww');
});

test('WebSocket that opens and brings nothing has failed', async () => {
  const network = world();
  for (let count = 0; count < 2; count++) {
    const link = await network.connect();
    network.attempts.at(-1)?.events.opened('p');
    link.close(1006, 'no welcome');
  }
  await network.connect();
  expect(tried(network)).toBe('wwh');
});

test('where neither works they take turns', async () => {
  const network = world();
  for (let count = 0; count < 7; count++) await network.fail();
  expect(tried(network)).toBe('wwhwhwh');
});

test('an attempt that is given up because nothing came has failed; one that the app closes has not', async () => {
  const network = world();
  (await network.connect()).close(1000, '');
  (await network.connect()).close(4011, '');
  (await network.connect()).close(1006, 'no welcome');
  (await network.connect()).close(1006, 'no welcome');
  await network.connect();
  expect(tried(network)).toBe('wwwwh');
  expect(network.attempts.map(({ closes }) => closes)).toEqual([[1000], [4011], [1006], [1006], []]);
});

test('an attempt that ends both ways counts once', async () => {
  const network = world();
  const link = await network.connect();
  network.attempts.at(-1)?.events.closed(1006, '');
  link.close(1006, '');
  await network.connect();
  expect(tried(network)).toBe('ww');
});

test('a constructor that throws has failed, and says so', async () => {
  let http = 0;
  const connect = withFallback(
    () => {
      throw new Error('blocked by a policy');
    },
    async () => () => {
      http++;
      return { transport: 'http', send: () => undefined, close: () => undefined };
    },
  );
  const events = { opened: () => undefined, message: () => undefined, closed: () => undefined };
  expect(() => connect('ws://x', [], events)).toThrow('blocked by a policy');
  expect(() => connect('ws://x', [], events)).toThrow('blocked by a policy');
  connect('ws://x', [], events);
  await Promise.resolve();
  await Promise.resolve();
  expect(http).toBe(1);
});

test('code that cannot be fetched is a lost attempt, and closing before it is there opens nothing', async () => {
  const closed: number[] = [];
  const failing = withFallback(
    () => {
      throw new Error('x');
    },
    () => Promise.reject(new Error('offline')),
  );
  const events = {
    opened: () => undefined,
    message: () => undefined,
    closed: (code: number) => {
      closed.push(code);
    },
  };
  for (let count = 0; count < 2; count++) expect(() => failing('ws://x', [], events)).toThrow('x');
  failing('ws://x', [], events);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(closed).toEqual([1006]);

  const network = world();
  await network.fail();
  await network.fail();
  const link = network.connect();
  (await link).close(1000, '');
  expect(network.attempts.at(-1)?.closes).toEqual([1000]);
});

test('a refusal of the server over HTTP shows that HTTP works: the next attempt takes it too', async () => {
  const network = world();
  await network.fail();
  await network.fail();
  await network.fail(4401);
  await network.fail(4401);
  expect(tried(network)).toBe('wwhh');
});

test('a refusal of the server over WebSocket shows that WebSocket works', async () => {
  const network = world();
  await network.fail(4401);
  await network.fail();
  await network.fail();
  await network.fail();
  expect(tried(network)).toBe('wwww');
});

test('code that was fetched is fetched once, and code that could not be fetched is fetched again', async () => {
  let loads = 0;
  const connect = withFallback(
    () => {
      throw new Error('blocked by a policy');
    },
    async () => {
      if (++loads === 1) throw new Error('offline');
      return () => ({ transport: 'http', send: () => undefined, close: () => undefined });
    },
  );
  const closed: number[] = [];
  const events = {
    opened: () => undefined,
    message: () => undefined,
    closed: (code: number) => {
      closed.push(code);
    },
  };
  for (let count = 0; count < 2; count++) expect(() => connect('ws://x', [], events)).toThrow('blocked');
  const attempt = async (): Promise<void> => {
    connect('ws://x', [], events);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  await attempt();
  expect([loads, closed]).toEqual([1, [1006]]);
  expect(() => connect('ws://x', [], events), 'they take turns').toThrow('blocked');
  await attempt();
  await attempt();
  expect(loads).toBe(2);
});
