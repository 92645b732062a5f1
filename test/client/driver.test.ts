// The client as an app holds it: one store update a batch, errors by event, sizes checked before anything leaves.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { attemptsBy } from '../../src/client/attempts.js';
import { createClient, createClientWith, type ClientPorts } from '../../src/client/client.js';
import { forward } from '../../src/client/edge/clock.js';
import type { LinkEvents } from '../../src/client/edge/link.js';
import { json } from '../../src/protocol/codec.js';
import type { ServerFrame } from '../../src/protocol/frames.js';
import { serverTuple } from '../../src/protocol/parse.js';
import { virtualClock } from '../../src/testing/clock.js';
import { createTestRealtime, type TestRealtime } from '../../src/testing/world.js';
import { chat, servedRooms } from '../support/server/rooms.js';
import { joinedFrame, messageFrame, welcome } from '../support/machine/run.js';

const params = { id: '1' };

describe("against a server of the test's own", () => {
  const codec = json();
  const encode = (...frames: readonly ServerFrame[]): string =>
    codec.join(frames.map((frame) => codec.encode(serverTuple(frame)))) as string;

  function setup(options: Partial<Parameters<typeof createClientWith>[0]> = {}) {
    const clock = virtualClock();
    let set = 0;
    const links: {
      events: LinkEvents;
      readonly sent: unknown[];
      closed: readonly [number, string] | null;
      readonly url: string;
    }[] = [];
    const logger = { warn: vi.fn<(message: string) => void>(), error: vi.fn<(message: string) => void>() };
    const ports: ClientPorts = {
      clock: { now: forward(() => clock.now() + set, clock.now), after: clock.after },
      attempts: attemptsBy((url, _protocols, events) => {
        const link = { events, sent: [] as unknown[], closed: null as readonly [number, string] | null, url };
        links.push(link);
        return {
          transport: 'websocket',
          send: (data) => {
            link.sent.push(data);
          },
          close: (code, reason) => {
            link.closed = [code, reason];
          },
        };
      }),
      signals: () => () => undefined,
      random: () => 0.5,
      randomId: (characters) => 'x'.repeat(characters),
      schedule: (call) => {
        queueMicrotask(call);
      },
    };
    const client = createClientWith({ url: 'ws://test', logger, ...options }, ports);
    const live = async () => {
      client.connect();
      await clock.advance(0);
      const link = links.at(-1);
      if (!link) throw new Error('nothing was opened');
      link.events.opened('roomful.v1.json');
      link.events.message(encode(welcome()));
      await clock.advance(0);
      return link;
    };
    return {
      client,
      clock,
      links,
      live,
      logger,
      setClock(ms: number) {
        set += ms;
      },
    };
  }

  test('a clock that is set back holds up no retry', async () => {
    const { clock, links, live, setClock } = setup();
    const link = await live();
    link.events.closed(1006, '');
    setClock(-3_600_000);
    await clock.advance(1_000);
    expect(links).toHaveLength(2);
  });

  test('a server whose clock is set leads to one new token, and not to one after the other', async () => {
    const asked: number[] = [];
    const { client, clock, live, setClock } = setup({
      token: () => {
        asked.push(clock.now());
        return 't';
      },
    });
    client.connect();
    await clock.advance(0);
    const link = await live();
    asked.length = 0;
    link.events.message(encode({ type: 'auth', expires: clock.now() + 3_600_000 }));
    setClock(3_600_000);
    for (let beat = 0; beat < 60; beat++) {
      await clock.advance(1_000);
      link.events.message(
        encode(
          { type: 'ping', time: clock.now() },
          { type: 'pong', time: clock.now(), spread: null },
          { type: 'auth', expires: clock.now() + 3_600_000 },
        ),
      );
    }
    expect(asked.length).toBeLessThan(3);
  });

  test('what was received before close() is handed over before it, and nothing after', async () => {
    const { client, clock, live } = setup();
    const link = await live();
    const seen: unknown[] = [];
    client.room('lobby').on('post', ({ data }) => seen.push(data));
    await clock.advance(0);
    link.events.message(encode(joinedFrame('lobby'), messageFrame('lobby', 1)));
    client.close();
    expect(seen).toEqual([1]);
    await clock.advance(100);
    expect(seen).toEqual([1]);
  });

  test('a message that is sent and taken back in one turn never leaves', async () => {
    const { client, clock, live } = setup();
    const link = await live();
    const room = client.room('lobby');
    await clock.advance(0);
    link.events.message(encode(joinedFrame('lobby')));
    link.sent.length = 0;
    const abort = new AbortController();
    const sent = room
      .send('post', 1, { signal: abort.signal })
      .catch((error: unknown) => (error as { code: string }).code);
    abort.abort();
    expect(await sent).toBe('aborted');
    await clock.advance(100);
    expect(link.sent.filter((data) => String(data).startsWith('[4'))).toEqual([]);
  });

  test('10,000 messages in batches of 100 are at most 100 store updates, each delivered once and in order', async () => {
    const { client, clock, live } = setup();
    const link = await live();
    const room = client.room('lobby');
    const seen: unknown[] = [];
    room.on('post', ({ data }) => seen.push(data));
    await clock.advance(0);
    link.events.message(encode(joinedFrame('lobby')));
    client.handle('lobby').retainList('*', 100);
    await clock.advance(0);
    let updates = 0;
    client.store.subscribe(() => {
      updates++;
    });
    for (let batch = 0; batch < 100; batch++) {
      link.events.message(
        encode(...Array.from({ length: 100 }, (_, index) => messageFrame('lobby', batch * 100 + index + 1))),
      );
      await clock.advance(0);
    }
    expect(updates).toBeLessThanOrEqual(100);
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
  });

  test('a heartbeat changes nothing in the store but latency', async () => {
    const { client, clock, live } = setup();
    const link = await live();
    const before = client.store.getState();
    link.events.message(encode({ type: 'ping', time: 1 }));
    await clock.advance(10);
    expect(client.store.getState()).toBe(before);
    link.events.message(encode({ type: 'pong', time: clock.now() - 10 }));
    await clock.advance(0);
    const after = client.store.getState();
    expect(after.latency).toMatchObject({ last: 10 });
    expect(
      [after.connection, after.rooms, after.outbox].map(
        (it, index) => it === [before.connection, before.rooms, before.outbox][index],
      ),
    ).toEqual([true, true, true]);
  });

  test.each([
    ['not JSON', '{'],
    ['no frame', '[null]'],
    ['a field gone wrong', '[21,"lobby"]'],
    ['nested without end', '['.repeat(100_000)],
    ['binary', new Uint8Array([1])],
  ])(
    'P11 nonsense from the server (%s) closes with 4400, is an error event, and damages no state',
    async (_name, message) => {
      const { client, clock, live } = setup();
      const errors: string[] = [];
      client.on('error', ({ code, message: text }) => errors.push(`${code}: ${text}`));
      const link = await live();
      const room = client.room('lobby');
      await clock.advance(0);
      link.events.message(encode(joinedFrame('lobby'), messageFrame('lobby', 1)));
      link.events.message(message);
      await clock.advance(0);
      expect(link.closed?.[0]).toBe(4400);
      expect(errors).toEqual([
        expect.stringContaining('invalid: the server sent a message that is not of this protocol'),
      ]);
      expect(client.store.getState().connection).toMatchObject({ status: 'closed', reason: { code: 4400 } });
      expect(room.status).toBe('reconnecting');
      client.connect();
      await clock.advance(0);
      expect(client.store.getState().connection.status).toBe('connecting');
    },
  );

  test('a url or token function that throws is an error event and a backoff; one that hangs is given up in time', async () => {
    let asked = 0;
    const { client, clock, links, logger } = setup({
      token: () => {
        asked++;
        if (asked === 1) throw new Error('no token today');
        return asked === 2 ? new Promise<string>(() => undefined) : 'token';
      },
      connectTimeout: 1_000,
    });
    client.connect();
    await clock.advance(0);
    expect(client.store.getState().connection).toMatchObject({ status: 'reconnecting' });
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('no token today'));
    await clock.advance(300);
    expect(asked).toBe(2);
    await clock.advance(1_000);
    expect(client.store.getState().connection).toMatchObject({
      status: 'reconnecting',
      reason: { reason: 'no welcome within 1000 ms' },
    });
    await clock.advance(1_000);
    expect([asked, links.length]).toEqual([3, 1]);
  });

  test('P5 a token is in the first frame and in no URL', async () => {
    const { live } = setup({ token: () => 'SECRET' });
    const link = await live();
    expect(link.url).toBe('ws://test/');
    expect(String(link.sent[0]).split('\n')[0]).toContain('"SECRET"');
  });

  test("a token is refreshed in band ahead of its expiry, by the server's clock", async () => {
    const tokens = ['one', 'two'];
    const { client, clock, links } = setup({ token: () => tokens.shift() ?? 'three' });
    client.connect();
    await clock.advance(0);
    const [link] = links;
    link?.events.opened('roomful.v1.json');
    link?.events.message(encode(welcome({ time: 1_000_000, expires: 1_010_000 })));
    await clock.advance(7_999);
    expect(link?.sent.join('\n')).not.toContain('"two"');
    await clock.advance(1);
    expect(link?.sent.at(-1)).toBe('[8,"two"]');
    link?.events.message(encode({ type: 'auth', expires: 1_108_000 }));
    for (let beat = 0; beat < 2; beat++) {
      await clock.advance(15_000);
      link?.events.message(encode({ type: 'pong', time: clock.now(), spread: null }));
    }
    expect(links).toHaveLength(1);
    expect(client.store.getState().connection.status).toBe('connected');
  });
});

describe('on the real server core', () => {
  let world: TestRealtime;
  beforeEach(() => {
    world = createTestRealtime({ rooms: servedRooms(), clock: 'virtual' });
  });
  afterEach(() => world.close());

  test('bad data rejects at the sender before anything is queued', async () => {
    const { client } = world.user({ id: 'ada' });
    const room = client.room(chat, params);
    await world.advance(10);
    await expect(room.send('post', { text: 1 as never })).rejects.toMatchObject({
      code: 'invalid',
      details: [{ path: 'text' }],
    });
    await expect(room.send('nothing' as never, {} as never)).rejects.toMatchObject({ code: 'unknown-type' });
    await expect(room.send('cursor', { x: NaN, y: 0 })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('x is NaN') as string,
    });
    await expect(room.send('bytes', { body: new Uint8Array(70_000) })).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('65536') as string,
    });
    await expect(room.send('post', { text: 'a' }, { ttl: -1 })).rejects.toMatchObject({ code: 'invalid' });
    await expect(room.send('post', { text: 'a' }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(() => room.broadcast('post', { text: 1 as never })).toThrow('does not fit');
    expect(() => {
      room.setPresence({ name: 1 as never });
    }).toThrow('presence');
    expect(client.store.getState().outbox.pending).toEqual([]);
  });

  test('a signal takes back what has not left', async () => {
    const { client, network } = world.user({ id: 'ada' });
    network.cut();
    const abort = new AbortController();
    const sent = client.room(chat, params).send('post', { text: 'a' }, { signal: abort.signal });
    await world.advance(5);
    abort.abort();
    await expect(sent).rejects.toMatchObject({ code: 'aborted' });
  });

  test('a send that nobody awaits ends no process, and shows in the outbox', async () => {
    const { client } = world.user({ id: 'ada' });
    void client.room(chat, params).send('order', { amount: 5_000 });
    await world.advance(50);
    const { failed } = client.store.getState().outbox;
    expect(failed).toMatchObject([
      { type: 'order', status: 'failed', error: { code: 'rejected', message: 'too much' } },
    ]);
    client.discard(failed[0]?.id ?? '');
    await world.advance(5);
    expect(client.store.getState().outbox.failed).toEqual([]);
  });

  test('close settles what waits, leaves no timer, and connect() begins anew', async () => {
    const { client, network } = world.user({ id: 'ada' });
    const room = client.room(chat, params);
    await world.advance(50);
    network.cut();
    const sent = room.send('post', { text: 'a' });
    await world.advance(5);
    client.close();
    await expect(sent).rejects.toMatchObject({ code: 'closed' });
    await expect(room.send('post', { text: 'b' })).rejects.toMatchObject({ code: 'closed' });
    expect(client.store.getState().connection).toMatchObject({ status: 'closed', reason: { code: 1000 } });
    network.restore();
    client.connect();
    expect(await Promise.all([room.send('post', { text: 'c' }), world.advance(50)])).toMatchObject([
      { offset: 1 },
      undefined,
    ]);
  });

  test('an identity is a handle: one room, one object, for as long as the client lives', () => {
    const { client } = world.user({ id: 'ada' });
    expect(client.room(chat, params)).toBe(client.room(chat, { id: '1' }));
    expect(() => client.room(chat, { id: '' })).toThrow('not empty');
  });

  test('half-open: a stall is noticed by both ends in bounded time, and nothing is lost', async () => {
    const own = createTestRealtime({
      rooms: servedRooms(),
      clock: 'virtual',
      server: { heartbeat: { interval: 1_000, timeout: 1_000 } },
    });
    const ada = own.user({ id: 'ada' });
    const room = ada.client.room(chat, params);
    await own.advance(100);
    ada.network.stall();
    const sent = room.send('order', { amount: 1 });
    await own.advance(3_500);
    expect(ada.client.store.getState().connection.status).toBe('reconnecting');
    expect(own.server.stats().connections).toBe(0);
    ada.network.restore();
    await own.advance(15_000);
    expect(await sent).toMatchObject({ offset: 1 });
    await own.close();
  });
});

test('options that make no sense are refused by name', () => {
  const make = (options: object) => () => createClient({ url: 'ws://x', ...options });
  expect(make({ backoff: { factor: 0.5 } })).toThrow('backoff.factor');
  expect(make({ heartbeat: { interval: 0 } })).toThrow('heartbeat.interval');
  expect(make({ outbox: { limit: 0 } })).toThrow('outbox.limit');
  expect(make({ connectTimeout: NaN })).toThrow('connectTimeout');
});
