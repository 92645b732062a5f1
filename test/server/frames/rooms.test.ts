// What a server does with each frame: joins, durable messages, presence, broadcasts, history.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom, type } from '../../../src/contract/index.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import type { PositionTuple } from '../../../src/protocol/position.js';
import type { Action, AuthorizeRequest, IncomingMessage } from '../../../src/server/rooms/serve.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const chat = defineRoom('chat/:id', {
  messages: { post: z.object({ text: z.string() }), any: type<unknown>() },
  presence: z.object({ name: z.string(), x: z.number().optional() }),
});
const joinOf = (fields: Partial<Extract<ClientFrame, { type: 'join' }>> = {}) =>
  ({ type: 'join', room: 'chat/1', position: null, history: 0, presence: null, ...fields }) as const;
const send = (seq: number, fields: Partial<Extract<ClientFrame, { type: 'send' }>> = {}) =>
  ({
    type: 'send',
    room: 'chat/1',
    seq,
    id: `id${seq}`,
    message: 'post',
    version: 1,
    data: { text: `t${seq}` },
    follows: null,
    ...fields,
  }) as const;

interface Setup extends RawWorld {
  readonly handled: string[];
  /** What authorize was asked. */
  readonly asked: AuthorizeRequest[];
  readonly answer: { current: (request: AuthorizeRequest) => boolean | Promise<boolean> };
  member(id: string): Promise<RawPeer>;
}

function setup(limit = 100): Setup {
  const handled: string[] = [];
  const asked: AuthorizeRequest[] = [];
  const answer: Setup['answer'] = { current: () => true };
  const world = rawWorld({
    rooms: [
      serve(chat, {
        authorize: (request) => {
          asked.push(request);
          return answer.current(request);
        },
        on: {
          post(message, { reject }) {
            handled.push(message.id);
            if (message.data.text === 'no') reject('not this', { why: 1 });
            if (message.data.text === 'throw') throw new Error('secret');
            if (message.data.text === 'change') message.data = { text: 'changed' };
            return message.data.text === 'odd' ? new Map() : { said: message.data.text };
          },
        },
        history: { limit },
      }),
      serve('lobby'),
    ],
  });
  return {
    ...world,
    handled,
    asked,
    answer,
    async member(id) {
      const peer = world.peer();
      await peer.hello(id, `session-of-${id}`);
      await peer.say(joinOf());
      return peer;
    },
  };
}

describe('P28 P29 durable messages', () => {
  test('are appended in order, acknowledged to the sender, and reach everybody with links between them', async () => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    await ada.say(send(1), send(2));
    expect(
      ada
        .of('ack')
        .flatMap(({ receipts }) => receipts)
        .map(([seq, offset, , duplicate, result]) => [seq, offset, duplicate, result]),
    ).toEqual([
      [1, 1, false, { said: 't1' }],
      [2, 2, false, { said: 't2' }],
    ]);
    for (const peer of [ada, bob])
      expect(
        peer
          .of('message')
          .map(({ entry: [offset, , , id, , sender, , , data] }) => [offset, id, sender?.[1]?.id, data]),
      ).toEqual([
        [1, 'id1', 'ada', { text: 't1' }],
        [2, 'id2', 'ada', { text: 't2' }],
      ]);
    const [first, second] = bob.of('message');
    expect([first?.entry[2], second?.entry[2]]).toEqual(['', first?.entry[1]]);
  });

  test('acknowledgements of plain messages that came together are one frame behind them, 32 at a time, and come before what is said to their sender next', async () => {
    const world = setup();
    const ada = await world.member('ada');
    await ada.say(joinOf({ room: 'lobby' }));
    const from = ada.frames.length;
    const plain = (seq: number): ClientFrame => send(seq, { room: 'lobby' });
    await ada.say(...Array.from({ length: 33 }, (_, at) => plain(at + 1)), plain(50), plain(34));
    const heard = ada.frames
      .slice(from)
      .map((it) => (it.type === 'ack' ? `ack ${it.receipts.map(([seq]) => seq).join(' ')}` : it.type));
    const through = (first: number, last: number): string =>
      `ack ${Array.from({ length: last - first + 1 }, (_, at) => first + at).join(' ')}`;
    expect(heard).toEqual([
      ...Array.from({ length: 32 }, () => 'message'),
      through(1, 32),
      'message',
      'ack 33',
      'nack',
      'message',
      'ack 34',
    ]);
  });

  test('a repeated number with the same id gets the first receipt, result included, and nobody hears it twice', async () => {
    const world = setup();
    const ada = await world.member('ada');
    await ada.say(send(1));
    await ada.say(send(1));
    const [first, again] = ada.of('ack').flatMap(({ receipts }) => receipts);
    expect(again).toEqual([first?.[0], first?.[1], first?.[2], true, first?.[4], first?.[5]]);
    expect(ada.of('message').map(({ entry }) => entry[1])).toEqual([first?.[5]]);
    expect(world.handled).toEqual(['id1']);
  });

  test('with another id it is a conflict', async () => {
    const ada = await setup().member('ada');
    await ada.say(send(1));
    await ada.say(send(1, { id: 'other' }));
    expect(ada.of('nack')).toMatchObject([{ seq: 1, code: 'conflict' }]);
  });

  test('a number that is not the next is a gap, said once; what follows is passed over until the right one comes', async () => {
    const ada = await setup().member('ada');
    await ada.say(send(2), send(3), send(4));
    expect(ada.of('nack')).toMatchObject([{ seq: 2, code: 'gap', after: 0 }]);
    await ada.say(send(1), send(2), send(3));
    expect(ada.of('message').map(({ entry }) => entry[3])).toEqual(['id1', 'id2', 'id3']);
  });

  test('P32 follows says that the numbers between are gone, and is believed only where it names the last', async () => {
    const ada = await setup().member('ada');
    await ada.say(send(7, { follows: 5 }));
    expect(ada.of('nack')).toMatchObject([{ seq: 7, code: 'gap', after: 0 }]);
    await ada.say(send(7, { follows: 0 }), send(8));
    expect(ada.of('ack').flatMap(({ receipts }) => receipts.map(([seq, offset]) => [seq, offset]))).toEqual([
      [7, 1],
      [8, 2],
    ]);
  });

  test('P31 a refusal names its reason, is remembered, and holds up no later message', async () => {
    const world = setup();
    const ada = await world.member('ada');
    await ada.say(send(1, { data: { text: 'no' } }), send(2));
    await ada.say(send(1, { data: { text: 'no' } }));
    expect(ada.of('nack')).toEqual([
      {
        type: 'nack',
        room: 'chat/1',
        seq: 1,
        code: 'rejected',
        after: null,
        reason: 'not this',
        details: { why: 1 },
      },
      {
        type: 'nack',
        room: 'chat/1',
        seq: 1,
        code: 'rejected',
        after: null,
        reason: 'not this',
        details: { why: 1 },
      },
    ]);
    expect(world.handled).toEqual(['id1', 'id2']);
    expect(ada.of('message').map(({ entry }) => entry[3])).toEqual(['id2']);
  });

  test('P33 a handler may change the message, and what it throws stays inside', async () => {
    const world = setup();
    const ada = await world.member('ada');
    await ada.say(
      send(1, { data: { text: 'change' } }),
      send(2, { data: { text: 'throw' } }),
      send(3, { data: { text: 'odd' } }),
      send(4),
    );
    expect(ada.of('message').map(({ entry }) => entry[8])).toEqual([{ text: 'changed' }, { text: 't4' }]);
    expect(ada.of('nack').map(({ seq, code, reason }) => [seq, code, reason])).toEqual([
      [2, 'rejected', 'the server failed to handle it'],
      [3, 'invalid', 'the result is a Map: only plain data can be sent'],
    ]);
    expect(JSON.stringify(ada.messages)).not.toContain('secret');
    expect(world.logs).toMatchObject([
      {
        level: 'error',
        message: 'a message handler threw',
        details: { room: 'chat/1', type: 'post', error: 'Error' },
      },
    ]);
  });

  test('P33 what a handler leaves that cannot travel is refused, and the next message is taken', async () => {
    const big = defineRoom('big', { messages: { m: type<Record<string, unknown>>() } });
    const world = rawWorld({
      rooms: [
        serve(big, {
          on: {
            m: (message, { reject }) => {
              if (message.data['refuse']) reject('no', { balance: 10n });
              if (message.data['spoil']) message.data['total'] = 10n;
            },
          },
        }),
      ],
    });
    const ada = world.peer();
    await ada.hello();
    const say = (seq: number, data: unknown) => send(seq, { room: 'big', message: 'm', data });
    await ada.say(joinOf({ room: 'big' }), say(1, { spoil: true }), say(2, { refuse: true }), say(3, {}));
    expect(ada.of('nack').map(({ seq, code, reason }) => [seq, code, reason])).toEqual([
      [1, 'invalid', 'total is a bigint: only plain data can be sent'],
      [2, 'invalid', 'the details.balance is a bigint: only plain data can be sent'],
    ]);
    expect([ada.closed, ada.of('ack').length]).toEqual([null, 1]);
  });

  test.each<readonly [string, (message: IncomingMessage<{ text: string }>) => void]>([
    [
      'puts in place of the message',
      (message) => {
        message.data = { text: 7 } as never;
      },
    ],
    [
      'writes into it',
      (message) => {
        Object.assign(message.data, { text: 7 });
      },
    ],
  ])(
    "P33 what a handler %s must fit the contract: if not it is the server's error, and refused",
    async (_name, change) => {
      // One makes a copy of what it takes, one does not.
      for (const schema of [
        z.object({ text: z.string() }),
        z.custom<{ text: string }>((it) => typeof (it as { text?: unknown }).text === 'string'),
      ]) {
        const room = defineRoom('r', { messages: { m: schema } });
        const world = rawWorld({
          rooms: [
            serve(room, {
              on: {
                m: (message) => {
                  if (message.data.text === 'change') change(message);
                },
              },
            }),
          ],
        });
        const ada = world.peer();
        await ada.hello();
        const say = (seq: number, text: string) => send(seq, { room: 'r', message: 'm', data: { text } });
        await ada.say(joinOf({ room: 'r' }), say(1, 'change'), say(2, 'leave'));
        expect(ada.of('nack').map(({ seq, code }) => [seq, code])).toEqual([[1, 'rejected']]);
        expect(ada.of('message').map(({ entry }) => entry[8])).toEqual([{ text: 'leave' }]);
        expect(world.logs).toMatchObject([{ level: 'error', details: { type: 'm' } }]);
      }
    },
  );

  test('what a schema makes of a message is refused where it cannot be sent, and is in no log', async () => {
    const room = defineRoom('r', {
      messages: {
        // Its type says nothing of a Date, so that the compiler takes it.
        date: z.string().transform((text): unknown => new Date(text)),
        deep: z.number().transform((depth) => {
          let value: unknown = 1;
          for (let level = 0; level < depth; level++) value = [value];
          return value;
        }),
      },
    });
    const ada = rawWorld({ rooms: [serve(room)] }).peer();
    await ada.hello();
    await ada.say(
      joinOf({ room: 'r' }),
      send(1, { room: 'r', message: 'date', data: '2020-01-01' }),
      send(2, { room: 'r', message: 'deep', data: 33 }),
      send(3, { room: 'r', message: 'deep', data: 1 }),
    );
    expect(ada.of('nack').map(({ seq, code }) => [seq, code])).toEqual([
      [1, 'invalid'],
      [2, 'invalid'],
    ]);
    expect(ada.of('message').map(({ entry }) => entry[8])).toEqual([[1]]);
  });

  test('P33 a schema that does not take what it makes is not held against the handler', async () => {
    const room = defineRoom('r', { messages: { m: z.string().transform(Number) } });
    const world = rawWorld({
      rooms: [
        serve(room, {
          on: {
            m: (message) => {
              if (message.data > 1) message.data *= 10;
            },
          },
        }),
      ],
    });
    const ada = world.peer();
    await ada.hello();
    await ada.say(
      joinOf({ room: 'r' }),
      send(1, { room: 'r', message: 'm', data: '1' }),
      send(2, { room: 'r', message: 'm', data: '2' }),
    );
    expect([ada.of('nack'), ada.of('message').map(({ entry }) => entry[8])]).toEqual([[], [1, 20]]);
  });

  test('P18 a ping is answered while a handler is at work', async () => {
    const world = setup();
    const ada = await world.member('ada');
    world.answer.current = () => new Promise(() => undefined);
    await ada.say(send(1), { type: 'ping', time: 7 });
    expect(ada.of('pong')).toEqual([{ type: 'pong', time: 7, spread: 2 }]);
  });

  test.each([
    ['an unknown type', { message: 'nothing' }, 'unknown-type'],
    ['a type that every object has', { message: 'constructor' }, 'unknown-type'],
    ['data that does not fit', { data: { text: 1 } }, 'invalid'],
    ['a version from the future', { version: 9 }, 'unknown-version'],
    [
      'a key that is never sent',
      { message: 'any', data: JSON.parse('{"__proto__":1}') as unknown },
      'invalid',
    ],
  ])('%s is refused, and the next is taken', async (_name, fields, code) => {
    const ada = await setup().member('ada');
    await ada.say(send(1, fields), send(2));
    expect(ada.of('nack')).toMatchObject([{ seq: 1, code }]);
    expect(ada.of('ack')).toHaveLength(1);
  });

  test('data that does not fit is refused with what its schema says of it, and one that authorize refuses without details', async () => {
    const world = setup();
    const ada = await world.member('ada');
    world.answer.current = ({ data }) => (data as { text: string }).text !== 'forbidden';
    await ada.say(send(1, { data: { text: 1 } }), send(2, { data: { text: 'forbidden' } }));
    expect(ada.of('nack')).toMatchObject([
      { seq: 1, code: 'invalid', details: [{ path: 'text', message: expect.any(String) as unknown }] },
      { seq: 2, code: 'rejected', reason: 'not allowed', details: null },
    ]);
  });

  test('to a room that was not joined is `not-joined`, and advances nothing', async () => {
    const { peer } = setup();
    const ada = peer();
    await ada.hello();
    await ada.say(send(1));
    expect(ada.of('nack')).toMatchObject([{ code: 'not-joined', after: 1_000 }]);
    await ada.say(joinOf());
    expect(ada.of('joined')[0]?.last).toBe(0);
  });

  test('P31 a handler that never answers is `unavailable` after 10 s, each time its message comes; the numbers behind it wait', async () => {
    const never = defineRoom('slow', { messages: { m: type<number>() } });
    const world = rawWorld({ rooms: [serve(never, { on: { m: () => new Promise(() => undefined) } })] });
    const ada = world.peer();
    await ada.hello();
    await ada.say(
      joinOf({ room: 'slow' }),
      send(1, { room: 'slow', message: 'm', data: 1 }),
      send(2, { room: 'slow', message: 'm', data: 2 }),
    );
    await world.clock.advance(10_000);
    await ada.say(
      send(1, { room: 'slow', message: 'm', data: 1 }),
      send(2, { room: 'slow', message: 'm', data: 2 }),
    );
    await world.clock.advance(10_000);
    expect(ada.of('nack')).toMatchObject([
      { seq: 1, code: 'unavailable', after: 1_000 },
      { seq: 1, code: 'unavailable', after: 1_000 },
    ]);
    expect(ada.of('ack')).toEqual([]);
  });
});

describe('P22 P30 joining', () => {
  test('at a position gives all that was missed; `last` is what the log has of this session', async () => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    await ada.say(send(1), send(2), send(3));
    const [first] = bob.of('message');
    bob.events.closed(1006);
    const again = world.peer();
    await again.hello('bob', 'session-of-bob');
    await again.say(joinOf({ position: [ada.of('joined')[0]?.position[0] ?? '', 1, first?.entry[1] ?? ''] }));
    expect(again.of('joined')).toMatchObject([
      { recovered: true, why: null, last: 0, position: [expect.anything(), 1, first?.entry[1]] },
    ]);
    expect(again.of('joined')[0]?.messages.map(([offset]) => offset)).toEqual([2, 3]);
    ada.events.closed(1006);
    const back = world.peer();
    await back.hello('ada', 'session-of-ada');
    await back.say(joinOf());
    expect(back.of('joined')[0]?.last).toBe(3);
  });

  test.each([
    ['epoch', (e: string, tag: string): PositionTuple => [`x${e}`, 1, tag]],
    ['rewound', (e: string): PositionTuple => [e, 3, 'another']],
    ['rewound', (e: string, tag: string): PositionTuple => [e, 900, tag]],
    ['trimmed', (e: string): PositionTuple => [e, 1, 'old']],
  ] as const)(
    'at a position that cannot be had whole says %s, and gives the newest with the position before them',
    async (why, positionOf) => {
      const world = setup(20);
      const ada = await world.member('ada');
      const numbers = Array.from({ length: why === 'trimmed' ? 100 : 3 }, (_, index) => index + 1);
      await ada.say(...numbers.map((seq) => send(seq)));
      const log = ada.of('message');
      const bob = world.peer();
      await bob.hello('bob', 's');
      await bob.say(
        joinOf({
          position: positionOf(ada.of('joined')[0]?.position[0] ?? '', log[0]?.entry[1] ?? ''),
          history: 2,
        }),
      );
      const [answer] = bob.of('joined');
      expect(answer).toMatchObject({ recovered: false, why, more: true });
      const before = log.at(-3);
      expect(answer?.messages.map(([offset]) => offset)).toEqual([log.length - 1, log.length]);
      expect(answer?.position).toEqual([expect.anything(), log.length - 2, before?.entry[1]]);
    },
  );

  test('what happens while it joins comes after, in order and once', async () => {
    const world = setup();
    const ada = await world.member('ada');
    let open: () => void = () => undefined;
    world.answer.current = ({ user, action }) =>
      action === 'join' && user?.id === 'bob'
        ? new Promise((resolve) => {
            open = () => {
              resolve(true);
            };
          })
        : true;
    const bob = world.peer();
    await bob.hello('bob', 's');
    await bob.say(joinOf({ history: 10 }));
    await ada.say(send(1));
    open();
    await ada.say(send(2), send(3));
    const offsets = [
      ...(bob.of('joined')[0]?.messages ?? []),
      ...bob.of('message').map(({ entry }) => entry),
    ].map(([offset]) => offset);
    expect(offsets).toEqual([1, 2, 3]);
  });

  test('T6 P23 a room that does not exist and one that is not allowed answer with the same bytes', async () => {
    const world = setup();
    world.answer.current = () => false;
    const ada = world.peer();
    await ada.hello();
    await ada.say(joinOf({ room: 'chat/1' }));
    await ada.say(joinOf({ room: 'chut/1' }));
    const [allowed, existing] = ada.messages.slice(1);
    expect(String(allowed).replace('chat/1', 'ROOM')).toBe(String(existing).replace('chut/1', 'ROOM'));
    expect(ada.of('error')).toMatchObject([
      { ref: 'chat/1', code: 'denied' },
      { ref: 'chut/1', code: 'denied' },
    ]);
  });

  test('more rooms than the limit are refused by name; leaving makes room', async () => {
    const world = rawWorld({ rooms: [serve(defineRoom('r/:n'))], limits: { rooms: 2 } });
    const ada = world.peer();
    await ada.hello();
    for (const n of [1, 2, 3]) await ada.say(joinOf({ room: `r/${n}` }));
    expect(ada.of('error')).toMatchObject([{ ref: 'r/3', code: 'too-many-rooms' }]);
    await ada.say({ type: 'leave', room: 'r/1' }, joinOf({ room: 'r/3' }));
    expect(ada.of('left')).toEqual([{ type: 'left', room: 'r/1', code: null }]);
    expect(ada.of('joined').map(({ room }) => room)).toEqual(['r/1', 'r/2', 'r/3']);
  });
});

describe('P25 presence', () => {
  const join = (name: string) => joinOf({ presence: { name } });
  const show = (patch: Record<string, unknown>) => ({ type: 'presence', room: 'chat/1', patch }) as const;

  test('a newcomer gets everybody at once; the others one diff a tick, however much happens', async () => {
    const world = setup();
    const [ada, bob] = [world.peer(), world.peer()];
    await ada.hello('ada', 's1');
    await ada.say(join('Ada'));
    await world.clock.advance(100);
    ada.frames.length = 0;
    await bob.hello('bob', 's2');
    await bob.say(join('Bob'));
    expect(bob.of('joined')[0]?.members?.map(([, user, presence]) => [user?.id, presence])).toEqual([
      ['ada', { name: 'Ada' }],
      ['bob', { name: 'Bob' }],
    ]);
    for (let x = 1; x <= 20; x++) await bob.say(show({ x }));
    await world.clock.advance(100);
    expect(ada.of('presence')).toEqual([
      {
        type: 'presence',
        room: 'chat/1',
        joined: [[expect.anything(), { id: 'bob' }, { name: 'Bob', x: 20 }]],
        left: [],
        changed: [],
      },
    ]);
  });

  test('who closes or leaves is gone at once, who was cut off after the grace, who comes back in time never was', async () => {
    const world = setup();
    const watch = world.peer();
    await watch.hello('watch', 'w');
    await watch.say(join('W'));
    const left = (): number => watch.of('presence').flatMap((frame) => frame.left).length;
    const come = async (session: string): Promise<RawPeer> => {
      const peer = world.peer();
      await peer.hello('ada', session);
      await peer.say(join('Ada'));
      await world.clock.advance(60);
      return peer;
    };
    (await come('s1')).events.closed(1000);
    await world.clock.advance(60);
    expect(left()).toBe(1);
    await (await come('s2')).say({ type: 'leave', room: 'chat/1' });
    await world.clock.advance(60);
    expect(left()).toBe(2);
    (await come('s3')).events.closed(1006);
    await world.clock.advance(9_900);
    expect(left()).toBe(2);
    await come('s3');
    await world.clock.advance(20_000);
    expect(left()).toBe(2);
    expect(watch.of('presence').flatMap((frame) => frame.joined)).toHaveLength(4);
  });

  test.each([
    ['that does not fit', { name: 1 }, 'invalid'],
    ['that is too large', { name: 'x'.repeat(5_000) }, 'too-large'],
    ['that is too large in fewer characters', { name: '漢'.repeat(1_500) }, 'too-large'],
  ])('one %s is refused and changes nothing', async (_name, patch, code) => {
    const world = setup();
    const ada = world.peer();
    await ada.hello();
    await ada.say(join('Ada'), show(patch));
    expect(ada.of('error')).toMatchObject([{ ref: 'chat/1', code }]);
    expect(await world.core.room(chat, { id: '1' }).members()).toMatchObject([{ presence: { name: 'Ada' } }]);
  });

  test.each([{ name: 7 }, { name: 'x'.repeat(5_000) }])(
    'P22 a join with a presence that does not fit joins without one, and says so',
    async (presence) => {
      const world = setup();
      const ada = world.peer();
      await ada.hello();
      await ada.say(joinOf({ presence }));
      expect(ada.of('joined')).toHaveLength(1);
      expect(ada.of('error')).toMatchObject([{ ref: 'chat/1', code: 'rejected' }]);
      expect(await world.core.room(chat, { id: '1' }).members()).toMatchObject([{ presence: null }]);
    },
  );
});

test('P26 a broadcast reaches the others, not its sender, and no log', async () => {
  const world = setup();
  const [ada, bob] = [await world.member('ada'), await world.member('bob')];
  await ada.say({ type: 'broadcast', room: 'chat/1', message: 'any', version: 1, data: { x: 1 } });
  expect([ada.of('broadcast').length, bob.of('broadcast')]).toEqual([
    0,
    [
      {
        type: 'broadcast',
        room: 'chat/1',
        sender: [expect.anything(), { id: 'ada' }],
        message: 'any',
        version: 1,
        data: { x: 1 },
      },
    ],
  ]);
  await bob.say({ type: 'history', ref: 1, room: 'chat/1', before: null, limit: 10 });
  expect(bob.of('history')[0]?.messages).toEqual([]);
});

test('P27 history reads pages backwards, never more than the limit', async () => {
  const world = setup();
  const ada = await world.member('ada');
  await ada.say(...Array.from({ length: 10 }, (_, index) => send(index + 1)));
  const read = async (before: number | null, limit: number): Promise<unknown> => {
    await ada.say({ type: 'history', ref: 5, room: 'chat/1', before, limit });
    const page = ada.of('history').at(-1);
    return [page?.messages.map(([offset]) => offset), page?.more];
  };
  expect(await read(null, 3)).toEqual([[8, 9, 10], true]);
  expect(await read(8, 7)).toEqual([[1, 2, 3, 4, 5, 6, 7], false]);
  expect(await read(1, 7)).toEqual([[], false]);
  expect(await read(900, 2)).toEqual([[9, 10], true]);
});

describe('authorize is asked at every operation, each time, and its no is kept', () => {
  const operations: readonly (readonly [Action, ClientFrame, (peer: RawPeer) => unknown])[] = [
    ['send', send(1), (peer) => peer.of('nack').map(({ code }) => code)],
    [
      'broadcast',
      { type: 'broadcast', room: 'chat/1', message: 'any', version: 1, data: 1 },
      (peer) => peer.of('error').map(({ code }) => code),
    ],
    [
      'presence',
      { type: 'presence', room: 'chat/1', patch: { name: 'x' } },
      (peer) => peer.of('error').map(({ code }) => code),
    ],
    [
      'history',
      { type: 'history', ref: 1, room: 'chat/1', before: null, limit: 1 },
      (peer) => peer.of('error').map(({ code }) => code),
    ],
  ];
  test.each(operations)('%s', async (action, frame, refusals) => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    world.asked.length = 0;
    world.answer.current = (request) => request.action !== action;
    await ada.say(frame);
    expect(world.asked).toMatchObject([{ action, user: { id: 'ada' }, room: 'chat/1', params: { id: '1' } }]);
    expect(refusals(ada)).toEqual(['rejected']);
    await world.clock.advance(100);
    expect([
      ...bob.of('message'),
      ...bob.of('broadcast'),
      ...bob.of('presence').flatMap(({ changed }) => changed),
    ]).toEqual([]);
  });

  test('one that throws is a no, one that never answers is unavailable after 10 s, and neither says why', async () => {
    const world = setup();
    const ada = await world.member('ada');
    world.answer.current = () => {
      throw new Error('secret');
    };
    await ada.say(send(1));
    world.answer.current = () => new Promise(() => undefined);
    await ada.say(send(2));
    await world.clock.advance(10_000);
    expect(ada.of('nack').map(({ seq, code }) => [seq, code])).toEqual([
      [1, 'rejected'],
      [2, 'unavailable'],
    ]);
    expect(JSON.stringify(ada.messages)).not.toContain('secret');
  });

  test('a join shows no presence and reads no history that would be refused by itself', async () => {
    const world = setup();
    const ada = await world.member('ada');
    await ada.say(send(1), send(2));
    world.answer.current = ({ action }) => action === 'join';
    const bob = world.peer();
    await bob.hello('bob', 's');
    await bob.say(joinOf({ history: 10, presence: { name: 'Bob' } }));
    expect(bob.frames.slice(1)).toMatchObject([
      {
        type: 'joined',
        messages: [],
        members: [
          ['x', { id: 'ada' }, null],
          ['y', { id: 'bob' }, null],
        ].map(([, user, presence]) => [expect.anything(), user, presence]),
      },
      { type: 'error', code: 'rejected' },
    ]);
    await bob.say(
      { type: 'leave', room: 'chat/1' },
      joinOf({ position: [ada.of('joined')[0]?.position[0] ?? '', 1, ada.of('message')[0]?.entry[1] ?? ''] }),
    );
    // Nor by the position of somebody else.
    expect(bob.of('joined')[1]).toMatchObject({ recovered: false, why: 'denied', messages: [] });
  });

  test('a join that is no longer allowed expels', async () => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    world.answer.current = ({ user, action }) => !(action === 'join' && user?.id === 'bob');
    await bob.say(joinOf());
    await ada.say(send(1));
    expect(bob.of('error')).toMatchObject([{ code: 'denied' }]);
    expect(bob.of('message')).toEqual([]);
  });
});

test('the server speaks: logged, without a sender, validated', async () => {
  const world = setup();
  const ada = await world.member('ada');
  const room = world.core.room(chat, { id: '1' });
  expect(await room.send('post', { text: 'hi' })).toMatchObject({ offset: 1 });
  room.broadcast('any', 1);
  await world.clock.advance(0);
  expect(ada.of('message')).toMatchObject([
    {
      entry: [
        1,
        expect.anything(),
        '',
        expect.anything(),
        expect.anything(),
        null,
        'post',
        1,
        { text: 'hi' },
      ],
    },
  ]);
  expect(ada.of('broadcast')).toMatchObject([{ sender: null, data: 1 }]);
  await expect(room.send('post', { text: 1 })).rejects.toMatchObject({ code: 'invalid' });
  await expect(world.core.room('nowhere').send('x', 1)).rejects.toMatchObject({ code: 'denied' });
  expect(() => {
    room.broadcast('nothing', 1);
  }).toThrow('has no message');
});

test('the server reads the log of a room: the newest, or what comes before an offset, oldest first, and nothing of versions that it does not know', async () => {
  const old = defineRoom('memo/:id', { messages: { note: type<{ text: string }>(), gone: type<number>() } });
  const now = defineRoom('memo/:id', {
    messages: {
      note: {
        schema: type<{ text: string; by: string }>(),
        version: 2,
        upgrade: { 1: (it: { text: string }) => ({ ...it, by: 'somebody' }) },
      },
    },
  });
  const broker = memoryBroker();
  const before = rawWorld({ rooms: [serve(old)], broker }).core.room(old, { id: '1' });
  for (let index = 1; index <= 5; index++) await before.send('note', { text: `n${index}` });
  await before.send('gone', 1);
  const room = rawWorld({ rooms: [serve(now)], broker }).core.room(now, { id: '1' });
  expect((await room.history({ limit: 3 })).map(({ offset, data }) => [offset, data])).toEqual([
    [4, { text: 'n4', by: 'somebody' }],
    [5, { text: 'n5', by: 'somebody' }],
  ]);
  expect(
    (await room.history({ before: 3, limit: 50 })).map(({ offset, sender, type: kind }) => [
      offset,
      sender,
      kind,
    ]),
  ).toEqual([
    [1, null, 'note'],
    [2, null, 'note'],
  ]);
});
