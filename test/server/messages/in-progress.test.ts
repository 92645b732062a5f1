// One handling for each message, whatever becomes of the connection that brought it.
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { defineRoom, type } from '../../../src/contract/index.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import type { AuthorizeRequest, HandlerContext, IncomingMessage } from '../../../src/server/rooms/serve.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../../src/testing/index.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const shop = defineRoom('shop/:id', { messages: { order: type<number>(), post: type<number>() } });
const join = (room = 'shop/1') =>
  ({ type: 'join', room, position: null, history: 0, presence: null }) as const;
const send = (seq: number, fields: Partial<Extract<ClientFrame, { type: 'send' }>> = {}) =>
  ({
    type: 'send',
    room: 'shop/1',
    seq,
    id: `id${seq}`,
    message: 'order',
    version: 1,
    data: seq,
    follows: null,
    ...fields,
  }) as const;
const receipts = (peer: RawPeer): unknown[] =>
  peer
    .of('ack')
    .flatMap((ack) =>
      ack.receipts.map(([seq, offset, , duplicate, result]) => [seq, offset, duplicate, result]),
    );
const nacks = (peer: RawPeer): unknown[] => peer.of('nack').map(({ seq, code, after }) => [seq, code, after]);

interface Setup extends RawWorld {
  /** Handlers that began, by room and number, in order. */
  readonly runs: string[];
  readonly contexts: HandlerContext[];
  readonly handler: { current: (message: IncomingMessage<number>, context: HandlerContext) => unknown };
  readonly answer: { current: (request: AuthorizeRequest) => boolean | Promise<boolean> };
  /** Settles after so many ms of the world's time. */
  pause(ms: number): Promise<void>;
  /** A connection of ada's session, in the room. */
  ada(...rooms: readonly string[]): Promise<RawPeer>;
  logged(room?: string): Promise<unknown[]>;
}

/** By default a handler takes three seconds. */
function setup(): Setup {
  const runs: string[] = [];
  const contexts: HandlerContext[] = [];
  const handler: Setup['handler'] = {
    current: async ({ data }) => {
      await pause(3_000);
      return { done: data };
    },
  };
  const answer: Setup['answer'] = { current: () => true };
  const world = rawWorld({
    rooms: [
      serve(shop, {
        authorize: (request) => answer.current(request as AuthorizeRequest),
        on: {
          order(message, context) {
            runs.push(`${message.room} ${message.data}`);
            contexts.push(context as HandlerContext);
            return handler.current(message, context as HandlerContext);
          },
        },
      }),
    ],
  });
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      world.clock.after(ms, resolve);
    });
  return {
    ...world,
    runs,
    contexts,
    handler,
    answer,
    pause,
    async ada(...rooms) {
      const peer = world.peer();
      await peer.hello();
      for (const room of rooms.length > 0 ? rooms : ['shop/1']) await peer.say(join(room));
      return peer;
    },
    async logged(room = 'shop/1') {
      const page = await world.core.settings.broker.read(room, { before: null, limit: 100 });
      return 'why' in page ? [page.why] : page.entries.map(([offset, , , id]) => [offset, id]);
    },
  };
}

describe('P33 a handler at work when the connection breaks', () => {
  test('a number waits for another of its session that is at work, whoever brought that: no handler runs for a number that turns out not to be the next', async () => {
    const world = setup();
    const first = await world.ada();
    await first.say(send(1));
    first.events.closed(1006);
    const second = await world.ada();
    // The first is gone for this client, and comes back while the second is on its way.
    await second.say(send(2, { follows: 0 }));
    expect(world.runs).toEqual(['shop/1 1']);
    await world.clock.advance(3_000);
    expect(nacks(second)).toEqual([[2, 'gap', 1]]);
    await second.say(send(2));
    await world.clock.advance(3_000);
    expect(world.runs).toEqual(['shop/1 1', 'shop/1 2']);
    expect(receipts(second)).toEqual([[2, 2, false, { done: 2 }]]);
  });

  test('P28 a gap is told again once the last number has moved meanwhile', async () => {
    const world = setup();
    const before = await world.ada();
    await before.say(send(1));
    before.events.closed(1006);
    const back = await world.ada();
    await back.say(send(3), send(4));
    expect(nacks(back)).toEqual([[3, 'gap', 0]]);
    // The handler of the connection that ended is done: number 1 is in the log.
    await world.clock.advance(3_000);
    await back.say(send(5), send(6));
    expect(nacks(back)).toEqual([
      [3, 'gap', 0],
      [5, 'gap', 1],
    ]);
  });

  test('runs again where the server that ran it is gone, and the sender gets what came of the first run', async () => {
    const world = setup();
    const first = { status: 'duplicate', epoch: 'e', offset: 7, timestamp: 5, result: { done: 'first' } };
    Object.assign(world.core.settings.broker, { append: () => first });
    const ada = await world.ada();
    await ada.say(send(1));
    await world.clock.advance(3_000);
    expect(world.runs).toEqual(['shop/1 1']);
    expect(receipts(ada)).toEqual([[1, 7, true, { done: 'first' }]]);
  });

  test('P28 a number that the log did not take is not passed over: no handler runs for the one behind it', async () => {
    const world = setup();
    const { broker } = world.core.settings;
    Object.assign(broker, { append: () => ({ status: 'gap', last: 0 }) });
    const before = await world.ada();
    await before.say(send(1));
    before.events.closed(1006);
    const back = await world.ada();
    await world.clock.advance(3_000);
    await back.say(send(2));
    expect([nacks(back), world.runs]).toEqual([[[2, 'gap', 0]], ['shop/1 1']]);
  });

  test('runs once; who comes back waits for it, and gets its receipt before those of what follows', async () => {
    const world = setup();
    const before = await world.ada();
    await before.say(send(1), send(2));
    await world.clock.advance(1_000);
    before.events.closed(1006);
    const back = await world.ada();
    await back.say(send(1), send(2));
    expect(back.of('joined')[0]?.last).toBe(0);
    await world.clock.advance(2_000);
    expect(receipts(back)).toEqual([[1, 1, false, { done: 1 }]]);
    await world.clock.advance(3_000);
    expect(receipts(back)).toEqual([
      [1, 1, false, { done: 1 }],
      [2, 2, false, { done: 2 }],
    ]);
    expect(world.runs).toEqual(['shop/1 1', 'shop/1 2']);
    expect(nacks(back)).toEqual([]);
    expect(await world.logged()).toEqual([
      [1, 'id1'],
      [2, 'id2'],
    ]);
  });

  test('appends although the sender never comes back', async () => {
    const world = setup();
    const ada = await world.ada();
    await ada.say(send(1));
    ada.events.closed(1000);
    await world.clock.advance(3_000);
    expect(await world.logged()).toEqual([[1, 'id1']]);
    expect(world.contexts[0]?.signal.aborted).toBe(false);
  });

  test('refuses although the sender is gone, and the refusal is there for who comes back', async () => {
    const world = setup();
    world.handler.current = async (_message, { reject }) => {
      await world.pause(1_000);
      reject('sold out');
    };
    const before = await world.ada();
    await before.say(send(1));
    before.events.closed(1006);
    await world.clock.advance(1_000);
    const back = await world.ada();
    expect(back.of('joined')[0]?.last).toBe(1);
    await back.say(send(1));
    expect(back.of('nack')).toMatchObject([{ seq: 1, code: 'rejected', reason: 'sold out' }]);
    expect(world.runs).toHaveLength(1);
  });

  test('moves the numbers of a session that came back and asked for nothing again', async () => {
    const world = setup();
    const before = await world.ada();
    await before.say(send(1));
    before.events.closed(1006);
    const back = await world.ada();
    await world.clock.advance(3_000);
    await back.say(send(2, { message: 'post' }), send(1));
    expect(receipts(back)).toEqual([
      [2, 2, false, null],
      [1, 1, true, { done: 1 }],
    ]);
    expect(nacks(back)).toEqual([]);
  });

  test('runs once for a client that is cut off and comes back, whose promises settle in order', async () => {
    const runs: string[] = [];
    const world = createTestRealtime({
      rooms: [
        serve(shop, {
          on: {
            order: async ({ id }) => {
              runs.push(id);
              await new Promise<void>((resolve) => {
                world.clock.after(3_000, resolve);
              });
              return 'booked';
            },
          },
        }),
      ],
      clock: 'virtual',
    });
    const { client, network } = world.user({ id: 'ada' });
    const room = client.room(shop, { id: '1' });
    await world.advance(1_000);
    const sent: unknown[] = [];
    for (const [type, data] of [
      ['order', 1],
      ['post', 2],
    ] as const)
      room.send(type, data).then(
        ({ offset, result }) => {
          sent.push([offset, result]);
        },
        (error: unknown) => {
          sent.push(error);
        },
      );
    await world.advance(500);
    network.drop();
    await world.advance(20_000);
    expect(sent).toEqual([
      [1, 'booked'],
      [2, undefined],
    ]);
    expect(runs).toHaveLength(1);
    await world.close();
  });
});

describe('P31 P33 a handler slower than 10 s', () => {
  test('runs once, however often its message comes again, and the receipt comes at the end', async () => {
    const world = setup();
    world.handler.current = async () => {
      await world.pause(25_000);
      return 'at last';
    };
    const ada = await world.ada();
    await ada.say(send(1), send(2, { message: 'post' }));
    await world.clock.advance(10_000);
    await world.clock.advance(1_000);
    await ada.say(send(1), send(2, { message: 'post' }));
    await world.clock.advance(10_000);
    expect(nacks(ada)).toEqual([
      [1, 'unavailable', 1_000],
      [1, 'unavailable', 1_000],
    ]);
    await ada.say(send(1), send(2, { message: 'post' }));
    await world.clock.advance(4_000);
    expect(receipts(ada)).toEqual([
      [1, 1, false, 'at last'],
      [2, 2, false, null],
    ]);
    expect(world.runs).toEqual(['shop/1 1']);
  });

  test('that ends while nobody waits is answered as a duplicate when its message comes again', async () => {
    const world = setup();
    world.handler.current = async () => {
      await world.pause(10_500);
      return 'late';
    };
    const ada = await world.ada();
    await ada.say(send(1));
    await world.clock.advance(11_000);
    await ada.say(send(1), send(2, { message: 'post' }));
    expect(receipts(ada)).toEqual([
      [1, 1, true, 'late'],
      [2, 2, false, null],
    ]);
    expect(world.runs).toHaveLength(1);
  });

  test('is told so by its signal; what it throws then is a refusal', async () => {
    const world = setup();
    world.handler.current = (_message, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('gave up'));
        });
      });
    const ada = await world.ada();
    await ada.say(send(1));
    await world.clock.advance(9_999);
    expect(nacks(ada)).toEqual([]);
    await world.clock.advance(1_001);
    await ada.say(send(1), send(2, { message: 'post' }));
    expect(ada.of('nack').at(-1)).toMatchObject({ seq: 1, code: 'rejected' });
    expect(receipts(ada)).toEqual([[2, 1, false, null]]);
    expect(world.runs).toHaveLength(1);
  });
});

describe('P29 P33 while a handler is at work', () => {
  test('another message under its number is a conflict at once', async () => {
    const world = setup();
    const before = await world.ada();
    await before.say(send(1));
    before.events.closed(1006);
    const back = await world.ada();
    await back.say(send(1, { id: 'other' }));
    expect(nacks(back)).toEqual([[1, 'conflict', null]]);
    await back.say(send(1));
    await world.clock.advance(3_000);
    expect(receipts(back)).toEqual([[1, 1, false, { done: 1 }]]);
  });

  test('the same number in another room, or of another session, is a message of its own', async () => {
    const world = setup();
    const before = await world.ada('shop/1', 'shop/2');
    await before.say(send(1));
    before.events.closed(1006);
    const back = await world.ada('shop/1', 'shop/2');
    await back.say(send(1, { room: 'shop/2', id: 'two' }));
    const bob = world.peer();
    await bob.hello('bob', 'session-of-bob');
    await bob.say(join(), send(1, { id: 'three' }));
    expect(world.runs).toEqual(['shop/1 1', 'shop/2 1', 'shop/1 1']);
    await world.clock.advance(3_000);
    expect(receipts(back)).toEqual([[1, 1, false, { done: 1 }]]);
    expect(receipts(bob)).toEqual([[1, 2, false, { done: 1 }]]);
    expect([await world.logged('shop/1'), await world.logged('shop/2')]).toEqual([
      [
        [1, 'id1'],
        [2, 'three'],
      ],
      [[1, 'two']],
    ]);
  });
});

test('P33 an authorize that is late is asked anew when the message comes again', async () => {
  const world = setup();
  const ada = await world.ada();
  let asked = 0;
  world.answer.current = () => (++asked === 1 ? new Promise(() => undefined) : true);
  await ada.say(send(1, { message: 'post' }));
  await world.clock.advance(10_000);
  expect(nacks(ada)).toEqual([[1, 'unavailable', 1_000]]);
  await ada.say(send(1, { message: 'post' }));
  expect([asked, receipts(ada)]).toEqual([2, [[1, 1, false, null]]]);
});

test('P33 when the server closes, handlers are told by their signal, and what they throw is no refusal', async () => {
  const world = setup();
  const broker = world.core.settings.broker;
  const refused: unknown[] = [];
  const { refuse } = broker;
  Object.assign(broker, {
    refuse: (...args: Parameters<typeof refuse>) => {
      refused.push(args);
      return refuse(...args);
    },
  });
  world.handler.current = (_message, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('gave up'));
      });
    });
  const ada = await world.ada();
  await ada.say(send(1));
  await world.core.close();
  await world.clock.advance(60_000);
  expect([world.contexts[0]?.signal.aborted, refused, world.logs, world.clock.pending]).toEqual([
    true,
    [],
    [],
    0,
  ]);
});

test('P33 what a handler gives is taken at once, or from a promise of another realm', async () => {
  const world = setup();
  const ada = await world.ada();
  const waiting = world.clock.pending;
  world.handler.current = (_message, { signal }) => ({ aborted: signal.aborted });
  await ada.say(send(1));
  world.handler.current = () => runInNewContext('Promise.resolve({ foreign: true })');
  await ada.say(send(2));
  expect(receipts(ada)).toEqual([
    [1, 1, false, { aborted: false }],
    [2, 2, false, { foreign: true }],
  ]);
  world.handler.current = (_message, { signal }) => {
    throw new Error(`aborted: ${signal.aborted}`);
  };
  await ada.say(send(3));
  expect(ada.of('nack')).toMatchObject([{ seq: 3, code: 'rejected' }]);
  expect(world.clock.pending).toBe(waiting);
});

test('P33 a broker that fails closes with 1011 and is logged once, and the message may come again', async () => {
  const world = setup();
  const broker = world.core.settings.broker;
  const { append } = broker;
  Object.assign(broker, { append: () => Promise.reject(new Error('gone')) });
  const before = await world.ada();
  await before.say(send(1, { message: 'post' }));
  expect([before.closed?.code, world.logs.length]).toEqual([1011, 1]);
  Object.assign(broker, { append });
  const back = await world.ada();
  await back.say(send(1, { message: 'post' }));
  expect(receipts(back)).toEqual([[1, 1, false, null]]);
});

test('T33 messages of two senders under one id have each a key of its own, and a repeated one has the same', async () => {
  const keys: string[] = [];
  const stuck = { isStuck: true };
  const world = rawWorld({
    rooms: [
      serve('shop/1', {
        on: {
          order(message) {
            keys.push(message.key);
            if (stuck.isStuck) throw new Error('the process is about to end');
          },
        },
      }),
    ],
  });
  for (const [user, session] of [
    ['ada', 'a session'],
    ['ada', 'another session'],
    ['eve', 'a session'],
  ] as const) {
    const peer = world.peer();
    await peer.hello(user, session);
    await peer.say(join(), send(1, { id: 'the same id' }));
  }
  expect(new Set(keys).size).toBe(3);
  // A server that begins anew knows nothing of what it handled.
  stuck.isStuck = false;
  const again = rawWorld({ rooms: [serve('shop/1', { on: { order: (it) => void keys.push(it.key) } })] });
  const peer = again.peer();
  await peer.hello('eve', 'a session');
  await peer.say(join(), send(1, { id: 'the same id' }));
  expect(keys[3]).toBe(keys[2]);
});
