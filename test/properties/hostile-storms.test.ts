// Whatever a server says: the client never runs in circles, and nothing grows in it without bound.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import { memoryStorage } from '../../src/client/storage/memory.js';
import { seededRandom } from '../../src/testing/random.js';
import { captured, entry, examples, makeWorld, most, world } from '../support/machine/captured.js';
import {
  fakeServer,
  type FakeLink,
  type FakeServer,
  type FakeServerOptions,
} from '../support/server/fake-server.js';
import { joinedFrame, machine, outgoing, welcome } from '../support/machine/run.js';

afterEach(() => world.close());

describe('circles', () => {
  type Answer = NonNullable<FakeServerOptions['on']>;
  const greets =
    (fields: () => Parameters<typeof welcome>[0], then: (link: FakeLink) => void = () => undefined): Answer =>
    (frame, link) => {
      if (frame.type !== 'hello') return;
      link.say(welcome({ time: world.clock.now(), ...fields() }));
      then(link);
    };
  /** A server that is as good as it can be but for `change`. */
  const good =
    (change: Answer, greeting: () => Parameters<typeof welcome>[0] = () => ({})): Answer =>
    (frame, link) => {
      greets(greeting)(frame, link);
      if (frame.type === 'join')
        link.say({
          type: 'joined',
          room: frame.room,
          position: frame.position ?? ['e', 0, ''],
          recovered: frame.position !== null,
          why: null,
          messages: [],
          members: null,
          last: 0,
          more: false,
        });
      if (frame.type === 'ping') link.say({ type: 'pong', time: frame.time });
      change(frame, link);
    };
  const nacks = (code: string, after: number | null): Answer =>
    good((frame, link) => {
      if (frame.type === 'send')
        link.say({
          type: 'nack',
          room: frame.room,
          seq: frame.seq,
          code,
          after,
          reason: null,
          details: null,
        });
    });
  let others = 0;
  /** A minute, in which each link opens. */
  async function run({ client, links }: FakeServer): Promise<void> {
    client.connect();
    let opened = 0;
    for (let passed = 0; passed < 60_000; passed += 10) {
      await world.advance(10);
      for (; opened < links.length; opened++) links[opened]?.open();
    }
  }

  test('T24 a server that says each time that somebody else is there, to a client with an outbox in storage, is not asked as fast as it answers', async () => {
    makeWorld([]);
    const server = fakeServer({
      on: greets(() => ({ member: `m${++others}`, user: { id: `u${others}` } })),
      clock: world.clock,
      random: seededRandom(3),
      token: 't',
      outbox: { storage: memoryStorage() },
    });
    void server.client
      .room('lobby')
      .send('post', 1)
      .catch(() => undefined);
    await run(server);
    expect(server.links.length).toBeLessThan(15);
    server.client.close();
    await world.advance(1_000);
    expect(world.clock.pending).toBe(0);
  });

  test.each<
    readonly [
      string,
      Answer,
      most: { readonly attempts: number; readonly messages: number; readonly tokens: number },
    ]
  >([
    [
      'closes each connection as soon as it is welcome',
      greets(
        () => ({}),
        (link) => {
          link.close(1006);
        },
      ),
      { attempts: 15, messages: 30, tokens: 15 },
    ],
    [
      'closes each once its rooms are joined',
      good((frame, link) => {
        if (frame.type === 'join') link.close(1012);
      }),
      { attempts: 15, messages: 45, tokens: 15 },
    ],
    [
      'welcomes each token and refuses it at once',
      greets(
        () => ({}),
        (link) => {
          link.close(4401);
        },
      ),
      { attempts: 15, messages: 30, tokens: 15 },
    ],
    [
      'gives each session to another',
      greets(
        () => ({}),
        (link) => {
          link.close(4409);
        },
      ),
      { attempts: 15, messages: 30, tokens: 15 },
    ],
    [
      'says each time that somebody else is there',
      greets(
        () => ({ member: `m${++others}`, user: { id: `u${others}` } }),
        (link) => {
          link.close(1006);
        },
      ),
      { attempts: 15, messages: 30, tokens: 15 },
    ],
    [
      'sends each away at once',
      greets(
        () => ({}),
        (link) => {
          link.say({ type: 'goaway', within: 0 });
        },
      ),
      { attempts: 15, messages: 45, tokens: 15 },
    ],
    [
      'sends each away before now, again and again',
      good((frame, link) => {
        if (frame.type !== 'pong') link.say({ type: 'goaway', within: -1e9 }, { type: 'ping', time: 1 });
      }),
      { attempts: 15, messages: 130, tokens: 15 },
    ],
    [
      'says that each token has ended',
      good(
        (frame, link) => {
          if (frame.type === 'auth') link.say({ type: 'auth', expires: 0 });
        },
        () => ({ expires: 0 }),
      ),
      { attempts: 15, messages: 45, tokens: 15 },
    ],
    [
      'says of each new token that it ends at once',
      good(
        (frame, link) => {
          if (frame.type === 'auth') link.say({ type: 'auth', expires: world.clock.now() + 1 });
        },
        () => ({ expires: world.clock.now() + 10_000 }),
      ),
      { attempts: 15, messages: 60, tokens: 25 },
    ],
    [
      'says that each token is expiring',
      good((frame, link) => {
        if (frame.type !== 'pong') link.say({ type: 'expiring', within: 0 }, { type: 'ping', time: 1 });
      }),
      { attempts: 15, messages: 100, tokens: 15 },
    ],
    [
      'sets its clock to and fro',
      good(
        (frame, link) => {
          if (frame.type === 'ping')
            link.say(
              { type: 'ping', time: 1e308 },
              { type: 'auth', expires: 1 },
              { type: 'ping', time: -1e308 },
              { type: 'auth', expires: 1e308 },
            );
        },
        () => ({ heartbeat: [100, 100], expires: 1e308 }),
      ),
      { attempts: 15, messages: 1_300, tokens: 15 },
    ],
    [
      'wants a heartbeat of 0',
      good(
        () => undefined,
        () => ({ heartbeat: [0, 0] }),
      ),
      { attempts: 1, messages: 700, tokens: 1 },
    ],
    [
      'resets each room that is joined',
      good((frame, link) => {
        if (frame.type === 'join') link.say({ type: 'reset', room: frame.room, why: 'x' });
      }),
      { attempts: 1, messages: 70, tokens: 1 },
    ],
    [
      'has a hole in each room',
      good((frame, link) => {
        if (frame.type === 'join') link.say({ type: 'message', room: frame.room, entry: entry(7) });
      }),
      { attempts: 1, messages: 70, tokens: 1 },
    ],
    ['knows of no message', nacks('gap', 0), { attempts: 1, messages: 1_300, tokens: 1 }],
    ['knows of all messages', nacks('gap', most), { attempts: 1, messages: 1_300, tokens: 1 }],
    [
      'is always too busy for a message, and asks for no wait',
      nacks('limited', 0),
      { attempts: 1, messages: 1_300, tokens: 1 },
    ],
    ['cannot answer for a message', nacks('unavailable', 0), { attempts: 1, messages: 1_300, tokens: 1 }],
    ['does not know that we joined', nacks('not-joined', null), { attempts: 1, messages: 70, tokens: 1 }],
    [
      'is too busy for a join',
      (frame, link) => {
        greets(() => ({}))(frame, link);
        if (frame.type === 'join') link.say({ type: 'error', ref: frame.room, code: 'limited', reason: '' });
        if (frame.type === 'ping') link.say({ type: 'pong', time: frame.time });
      },
      { attempts: 1, messages: 70, tokens: 1 },
    ],
    [
      'has ever older messages, and none of them',
      good((frame, link) => {
        if (frame.type === 'history')
          link.say({ type: 'history', ref: frame.ref, messages: [entry(9)], more: true });
      }),
      { attempts: 1, messages: 20, tokens: 1 },
    ],
  ])('T24 a server that %s is not asked as fast as it answers', async (_name, on, bounds) => {
    makeWorld([]);
    let tokens = 0;
    const server = fakeServer({
      on,
      clock: world.clock,
      random: seededRandom(3),
      token: () => `t${++tokens}`,
    });
    const { client } = server;
    for (let count = 0; count < 3; count++)
      void client
        .room('lobby')
        .send('post', count)
        .catch(() => undefined);
    client.handle('lobby').retainList('nothing of this type', 10);
    await run(server);
    const found = {
      attempts: server.links.length,
      messages: server.links.reduce((sum, { messages }) => sum + messages, 0),
      tokens,
    };
    expect(found, `${JSON.stringify(found)}`).toSatisfy(
      ({ attempts, messages, tokens: asked }: typeof found) =>
        attempts <= bounds.attempts && messages <= bounds.messages && asked <= bounds.tokens,
    );
    expect(server.errors).toEqual([]);
    client.close();
    expect(world.clock.pending).toBe(0);
  });
});

describe('growth', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };

  test('T24 a million messages in rooms that nobody asked for leave nothing behind', async () => {
    const it = await captured();
    await world.advance(100);
    const before = it.client.store.getState();
    let updates = 0;
    it.client.store.subscribe(() => {
      updates++;
    });
    const size = heap();
    for (let message = 0; message < 100; message++) {
      it.link.sayRaw(
        Array.from(
          { length: 10_000 },
          (_, index) => `[25,"room${message * 10_000 + index}",[1,"t","","id",0,null,"post",1,${index}]]`,
        ).join('\n'),
      );
      await world.advance(0);
    }
    expect(heap() - size).toBeLessThan(5_000_000);
    expect([it.client.store.getState() === before, updates]).toEqual([true, 0]);
    await it.rescue();
    await it.intact();
  });

  test('T24 nor do frames of every other kind about such rooms', async () => {
    const it = await captured();
    await world.advance(100);
    const before = it.client.store.getState();
    const size = heap();
    const about = examples.filter((frame) => 'room' in frame);
    for (let message = 0; message < 20; message++) {
      const link = it.link;
      link.say(
        ...Array.from({ length: 500 }, (_, index) =>
          about.map((frame) => ({ ...frame, room: `room${message * 500 + index}` })),
        ).flat(),
      );
      await world.advance(0);
    }
    expect(heap() - size).toBeLessThan(5_000_000);
    expect(it.client.store.getState()).toBe(before);
  });

  test('T24 many pings in one message are one answer', async () => {
    const it = await captured();
    const { messages } = it.link;
    it.link.say(...Array.from({ length: 50_000 }, (_, time) => ({ type: 'ping', time }) as const));
    await world.advance(10);
    expect([it.link.messages - messages, it.link.of('pong')]).toEqual([1, [{ type: 'pong', time: 49_999 }]]);
    await it.rescue();
    await it.intact();
  });

  test('T24 a million members: as many as a page can hold are shown, the others are not there', async () => {
    const it = await captured();
    for (let part = 0; part < 50; part++)
      it.link.say({
        type: 'presence',
        room: 'lobby',
        joined: Array.from(
          { length: 20_000 },
          (_, index) => [`m${part * 20_000 + index}`, null, null] as const,
        ),
        left: [],
        changed: [],
      });
    await world.advance(10);
    expect(it.client.store.getState().rooms['lobby']?.others).toHaveLength(100_000);
    // More than a frame may hold is no frame.
    it.link.say({
      type: 'joined',
      room: 'lobby',
      position: ['e', 0, ''],
      recovered: false,
      why: null,
      messages: [],
      members: Array.from({ length: 100_000 }, (_, index) => [`m${index}`, null, null] as const),
      last: 0,
      more: false,
    });
    expect(it.link.closed?.code).toBe(4400);
  });

  test('T24 acknowledged messages that the log never shows are shown up to a bound', () => {
    const it = machine({ outbox: { limit: 100_000 } }).live('a');
    for (let seq = 1; seq <= 1_500; seq++)
      it.send(outgoing(`x${seq}`)).receive({
        type: 'ack',
        room: 'a',
        epoch: 'e',
        receipts: [[seq, seq, 0, false]],
      });
    expect(it.state.rooms.get('a')?.outbox.echoes).toHaveLength(1_000);
  });

  test('T24 numbers that the log is said to have, and then to have lost, are remembered up to a bound, and leave enough for what is sent next', () => {
    const it = machine().live('a');
    for (let last = 0; last < 10; last++) {
      it.receive({ type: 'reset', room: 'a', why: 'x' })
        .pass(2_000)
        .receive(joinedFrame('a', { recovered: true, last: most }));
      it.receive({ type: 'reset', room: 'a', why: 'x' })
        .pass(2_000)
        .receive(joinedFrame('a', { recovered: true, last: last * 100_000 }));
    }
    expect(it.state.rooms.get('a')?.outbox.retiredSeqs.size).toBe(100_000);
    expect(
      it
        .send(outgoing('y'))
        .written()
        .flatMap((frame) => (frame.type === 'send' ? [Number.isSafeInteger(frame.seq)] : [])),
    ).toEqual([true]);
  });
});
