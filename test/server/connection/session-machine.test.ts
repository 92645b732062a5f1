// A connection's life at the server: hello, authentication, heartbeat, expiry, takeover, goodbye.
import { describe, expect, test } from 'vitest';
import type { ServerOptions } from '../../../src/server/options.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { json } from '../../../src/protocol/codec.js';
import { defaultLimits } from '../../../src/protocol/limits.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { rawWorld, type RawWorld } from '../../support/server/raw.js';

const rooms = [serve('lobby')];
const join = { type: 'join', room: 'lobby', position: null, history: 0, presence: null } as const;
const heartbeat = { interval: 1_000, timeout: 500 };

test('T3 P12 a connection that says nothing is closed after 5 s, half a second later at most', async () => {
  const { peer, clock } = rawWorld({ rooms });
  const silent = peer();
  await clock.advance(4_999);
  expect(silent.closed).toBeNull();
  await clock.advance(501);
  expect(silent.closed?.code).toBe(4408);
});

test('T3 P12 another frame first, or a second hello, closes with 4400, and nothing was done', async () => {
  const { peer, core } = rawWorld({ rooms });
  const early = peer();
  await early.say(join);
  expect(early.closed?.code).toBe(4400);
  expect(core.stats().rooms).toBe(0);
  const twice = peer();
  await twice.hello();
  await twice.hello();
  expect(twice.closed?.code).toBe(4400);
  const atOnce = peer();
  const hello = {
    type: 'hello',
    session: 's',
    instance: 'i',
    token: 'ada',
    takeover: false,
    client: 'raw',
  } as const;
  await atOnce.say(hello, hello);
  expect(atOnce.closed?.code).toBe(4400);
});

test('welcome states member, heartbeat, limits, time and node', async () => {
  const { peer, clock } = rawWorld({ rooms, heartbeat, node: 'n1', limits: { rooms: 3 } });
  const ada = peer();
  await ada.hello();
  expect(ada.of('welcome')).toEqual([
    {
      type: 'welcome',
      member: expect.stringMatching(/^.{16}$/) as string,
      heartbeat: [1_000, 500],
      limits: { ...defaultLimits, rooms: 3 },
      time: clock.now(),
      node: 'n1',
      expires: null,
      user: { id: 'ada' },
    },
  ]);
});

test('P13 joins may follow hello at once, and are answered after welcome however long authentication takes', async () => {
  const slow = async ({ token }: { readonly token: string | null }): Promise<{ readonly id: string }> => {
    await new Promise<void>((resolve) => {
      world.clock.after(300, resolve);
    });
    return { id: token ?? '' };
  };
  const world: RawWorld = rawWorld({ rooms, authenticate: slow });
  const { peer, clock } = world;
  const ada = peer();
  await ada.say(
    { type: 'hello', session: 's', instance: 'i', token: 'ada', takeover: false, client: 'raw' },
    join,
  );
  expect(ada.frames).toEqual([]);
  await clock.advance(300);
  expect(ada.frames.map(({ type }) => type)).toEqual(['welcome', 'joined']);
});

describe('P14 authentication', () => {
  test.each<readonly [string, NonNullable<ServerOptions['authenticate']>, number]>([
    ['refuses', () => null, 4401],
    [
      'throws',
      (): never => {
        throw new Error('database of secrets is down');
      },
      4500,
    ],
    ['returns nonsense', () => ({ id: 7 }) as never, 4500],
    ['knows an expired user', () => ({ id: 'ada', expiresAt: 1 }), 4401],
  ])('%s', async (_name, authenticate, code) => {
    const { peer, core } = rawWorld({ rooms, authenticate });
    const ada = peer();
    await ada.hello();
    expect(ada.closed?.code).toBe(code);
    expect(ada.closed?.reason).not.toContain('secrets');
    expect(core.stats().connections).toBe(0);
  });

  test('that never answers is unavailable after 10 s', async () => {
    const { peer, clock } = rawWorld({ rooms, authenticate: () => new Promise(() => undefined) });
    const ada = peer();
    await ada.hello();
    await clock.advance(9_999);
    expect(ada.closed).toBeNull();
    await clock.advance(1);
    expect(ada.closed?.code).toBe(4500);
  });
});

describe('what others see of a user', () => {
  const exposing = (expose: ServerOptions['expose']): RawWorld =>
    rawWorld({ rooms: [serve('lobby', { presence: true })], expose });

  test.each<readonly [string, NonNullable<ServerOptions['expose']>]>([
    ['a Date', (user) => ({ ...user, since: new Date(0) })],
    ['a BigInt', (user) => ({ ...user, balance: 1n })],
    ['a function', (user) => ({ ...user, save: () => undefined })],
    ['no id', () => ({}) as never],
    ['nothing', () => null as never],
    [
      'more than a frame of many can carry',
      (user) => ({ ...user, friends: Array.from({ length: 10_000 }, (_, index) => index) }),
    ],
    [
      'an exception',
      () => {
        throw new Error('secret');
      },
    ],
  ])(
    'P14 %s ends the connection with 4500 and a line in the log, before anybody sees it',
    async (_name, expose) => {
      const world = exposing((user) => (user.id === 'ada' ? expose(user) : user));
      for (const codec of [json(), msgpack()]) {
        const [bob, ada] = [world.peer(codec), world.peer(codec)];
        await bob.hello('bob', 'session-of-bob');
        await bob.say({ ...join, presence: {} });
        await ada.hello();
        await ada.say({ ...join, presence: {} });
        await world.clock.advance(100);
        expect(ada.closed).toEqual({ code: 4500, reason: 'authentication is unavailable' });
        expect(bob.of('presence').flatMap(({ joined }) => joined.map(([, user]) => user?.id))).not.toContain(
          'ada',
        );
      }
      expect(world.logs.map(({ level }) => level)).toEqual(['error', 'error']);
    },
  );

  test('a renewed one that cannot travel leaves the old one in place', async () => {
    let odd = false;
    const world = exposing((user) => (odd ? { ...user, since: new Date(0) } : user));
    const ada = world.peer();
    await ada.hello();
    odd = true;
    await ada.say({ type: 'auth', token: 'ada' }, { ...join, presence: {} });
    expect(ada.of('error')).toMatchObject([{ code: 'unavailable' }]);
    expect(ada.of('joined')[0]?.members).toMatchObject([[expect.anything(), { id: 'ada' }, {}]]);
  });
});

describe('T4 P17 tokens', () => {
  const withTokens = (clockOf: () => number): ServerOptions => ({
    rooms,
    authenticate: ({ token }: { readonly token: string | null }) =>
      token === null || token === 'bad'
        ? null
        : { id: token.split(' ')[0] as string, expiresAt: clockOf() + Number(token.split(' ')[1] ?? 1_000) },
  });

  test('a token that expires ends the connection, one renewed in band does not', async () => {
    const world: RawWorld = rawWorld(withTokens(() => world.clock.now()));
    const ada = world.peer();
    await ada.hello('ada 2000');
    expect(ada.of('welcome')[0]?.expires).toBe(world.clock.now() + 2_000);
    await world.clock.advance(1_000);
    await ada.say({ type: 'auth', token: 'ada 5000' });
    expect(ada.of('auth')).toEqual([{ type: 'auth', expires: world.clock.now() + 5_000 }]);
    await world.clock.advance(4_900);
    expect(ada.closed).toBeNull();
    await world.clock.advance(600);
    expect(ada.closed?.code).toBe(4401);
  });

  test("a refused one ends it with 4401, another user's with 4403", async () => {
    const world: RawWorld = rawWorld(withTokens(() => world.clock.now()));
    const [ada, bob] = [world.peer(), world.peer()];
    await ada.hello('ada 5000', 's1');
    await bob.hello('bob 5000', 's2');
    await ada.say({ type: 'auth', token: 'bad' });
    await bob.say({ type: 'auth', token: 'ada 5000' });
    expect([ada.closed?.code, bob.closed?.code]).toEqual([4401, 4403]);
  });
});

describe('P18 heartbeat', () => {
  test.each([3_600_000, -3_600_000])(
    'a wall clock that is set by %i ms drops nobody, and what is silent is still found',
    async (ms) => {
      const world: RawWorld = rawWorld({
        rooms,
        heartbeat,
        authenticate: ({ token }) => ({ id: token ?? '', expiresAt: world.clock.now() + 20_000 }),
      });
      const { peer, clock } = world;
      const [talking, silent] = [peer(), peer()];
      await talking.hello('a', 's1');
      await silent.hello('b', 's2');
      world.set(ms);
      for (let round = 0; round < 6; round++) {
        await clock.advance(700);
        await talking.say({ type: 'pong', time: 0 });
      }
      expect([talking.closed, silent.closed?.code]).toEqual([null, 4000]);
      expect(talking.of('ping').at(-1)?.time).toBeGreaterThan(clock.now() + ms - 2_000);
    },
  );

  test('a ping each interval, a silent connection dropped after interval + timeout, and any sign of life counts', async () => {
    const { peer, clock } = rawWorld({ rooms, heartbeat });
    const [silent, talking, ponging] = [peer(), peer(), peer()];
    await silent.hello('a', 's1');
    await talking.hello('b', 's2');
    await ponging.hello('c', 's3');
    for (let round = 0; round < 5; round++) {
      await clock.advance(700);
      await talking.say({ type: 'ping', time: round });
      ponging.events.control(1);
    }
    expect(silent.closed?.code).toBe(4000);
    expect([talking.closed, ponging.closed]).toEqual([null, null]);
    expect(talking.of('pong').map(({ time }) => time)).toEqual([0, 1, 2, 3, 4]);
    expect(ponging.of('ping').length).toBeGreaterThanOrEqual(2);
    expect(ponging.pings).toBe(ponging.of('ping').length);
  });
});

describe('P18 a client that pings by itself', () => {
  /** What it hears within `after` ms, in messages, and then in answer to a ping. */
  const talk = async (each: number, times: number) => {
    const { peer, clock } = rawWorld({ rooms, heartbeat });
    const ada = peer();
    await ada.hello();
    await ada.say({ type: 'ping', time: 1 });
    const heard: string[] = [];
    for (let round = 0; round < times; round++) {
      const before = ada.frames.length;
      await clock.advance(each);
      const messages = ada.messages.length;
      await ada.say({ type: 'ping', time: 1 });
      expect(ada.messages).toHaveLength(messages + 1);
      heard.push(
        ada.frames
          .slice(before)
          .map(({ type }) => type)
          .join(),
      );
    }
    return { ada, clock, heard };
  };

  test('is answered, and pinged in every fourth interval only, along with an answer', async () => {
    const { ada, heard } = await talk(1_000, 12);
    expect(heard.filter((it) => it === 'pong,ping')).toHaveLength(3);
    expect(heard.filter((it) => it === 'pong')).toHaveLength(9);
    expect(heard.slice(heard.indexOf('pong,ping')).filter((_, index) => index % 4 === 0)).toEqual(
      heard.filter((it) => it === 'pong,ping'),
    );
    expect(ada.pings).toBe(0);
  });

  test('however often, no oftener', async () => {
    const { heard } = await talk(50, 160);
    expect(heard.filter((it) => it.includes('ping')).length).toBeLessThanOrEqual(3);
  });

  test('is pinged once it stops, in time for its answer to keep the connection', async () => {
    const { ada, clock } = await talk(900, 3);
    await clock.advance(1_062);
    expect(ada.pings).toBe(0);
    await clock.advance(251);
    expect([ada.pings, ada.closed]).toEqual([1, null]);
    await ada.say({ type: 'pong', time: 0 });
    await clock.advance(1_499);
    expect(ada.closed).toBeNull();
    await clock.advance(251);
    expect(ada.closed?.code).toBe(4000);
  });
});

describe('P15 P16 sessions', () => {
  test('a newer connection of the same instance takes over, the older is told 4009', async () => {
    const { peer, core } = rawWorld({ rooms });
    const [older, newer] = [peer(), peer()];
    await older.hello();
    await older.say(join);
    await newer.hello();
    expect(older.closed?.code).toBe(4009);
    expect(newer.of('welcome')[0]?.member).toBe(older.of('welcome')[0]?.member);
    await newer.say(join);
    expect(newer.of('joined')).toHaveLength(1);
    expect(core.stats()).toMatchObject({ connections: 1, rooms: 1 });
  });

  test('a hello that was held up on its way does not end the connection that came after it', async () => {
    const { peer, core } = rawWorld({ rooms });
    const [late, newer] = [peer(), peer()];
    await newer.hello('ada', 'session-of-ada', { attempt: 2 });
    await late.hello('ada', 'session-of-ada', { attempt: 1 });
    expect([newer.closed, late.closed?.code]).toEqual([null, 4009]);
    expect(core.stats().connections).toBe(1);
  });

  test('T9 another instance is told 4409, unless it takes over on purpose', async () => {
    const { peer } = rawWorld({ rooms });
    const [owner, thief, heir] = [peer(), peer(), peer()];
    await owner.hello();
    await thief.hello('ada', 'session-of-ada', { instance: 'other' });
    expect([owner.closed, thief.closed?.code]).toEqual([null, 4409]);
    await heir.hello('ada', 'session-of-ada', { instance: 'other', takeover: true });
    expect([owner.closed?.code, heir.closed]).toEqual([4009, null]);
  });

  test('T8 one key under two users is two sessions that have nothing in common', async () => {
    const { peer } = rawWorld({ rooms });
    const [ada, eve] = [peer(), peer()];
    await ada.hello('ada', 'same-key');
    await eve.hello('eve', 'same-key');
    expect([ada.closed, eve.closed]).toEqual([null, null]);
    expect(ada.of('welcome')[0]?.member).not.toBe(eve.of('welcome')[0]?.member);
  });

  test('T8 no frame to anybody holds a session key', async () => {
    const { peer } = rawWorld({ rooms: [serve('lobby', { presence: true })] });
    const [ada, bob] = [peer(), peer()];
    await ada.hello('ada', 'KEY-OF-ADA');
    await bob.hello('bob', 'KEY-OF-BOB');
    await ada.say({ ...join, presence: { x: 1 } });
    await bob.say({ ...join, presence: {} });
    await ada.say({
      type: 'send',
      room: 'lobby',
      seq: 1,
      id: 'x',
      message: 'm',
      version: 1,
      data: 1,
      follows: null,
    });
    await ada.say(
      { type: 'broadcast', room: 'lobby', message: 'm', version: 1, data: 1 },
      { type: 'history', ref: 1, room: 'lobby', before: null, limit: 10 },
    );
    ada.events.closed(1000);
    const everything = JSON.stringify([ada.messages, bob.messages]);
    expect(everything).not.toContain('KEY-OF');
    expect(bob.of('message')).toHaveLength(1);
  });
});

test('T4 disconnect ends every connection of a user, and of nobody else', async () => {
  const { peer, core } = rawWorld({ rooms });
  const [one, two, other] = [peer(), peer(), peer()];
  await one.hello('ada', 's1');
  await two.hello('ada', 's2');
  await other.hello('bob', 's3');
  core.disconnect('ada', 'banned');
  expect([one.closed, two.closed, other.closed]).toEqual([
    { code: 4403, reason: 'banned' },
    { code: 4403, reason: 'banned' },
    null,
  ]);
});

describe('P21 drain', () => {
  test('asks everybody to move on, takes nobody new, and ends once all are gone', async () => {
    const { peer, core, clock } = rawWorld({ rooms });
    const ada = peer();
    await ada.hello();
    let drained = false;
    const draining = core.drain({ over: 5_000 }).then(() => {
      drained = true;
    });
    await clock.advance(10);
    expect(ada.of('goaway'), 'who begins last has a fifth of the time left').toEqual([
      { type: 'goaway', within: 4_000 },
    ]);
    expect(peer().closed?.code).toBe(1012);
    expect(drained).toBe(false);
    ada.events.closed(1000);
    await draining;
    expect(core.stats()).toMatchObject({ connections: 0, draining: true });
  });

  test('who does not go in time is closed with 1012', async () => {
    const { peer, core, clock } = rawWorld({ rooms });
    const ada = peer();
    await ada.hello();
    const draining = core.drain({ over: 5_000 });
    await clock.advance(5_000);
    await draining;
    expect(ada.closed?.code).toBe(1012);
  });
});

test('after close nothing is left: no timer, no connection', async () => {
  const { peer, core, clock } = rawWorld({ rooms: [serve('lobby', { presence: true })] });
  const ada = peer();
  await ada.hello();
  await ada.say({ ...join, presence: {} });
  await core.close();
  expect(ada.closed?.code).toBe(1012);
  await clock.advance(60_000);
  expect(clock.pending).toBe(0);
});
