// What somebody learns of rooms that are not theirs, what ids reach a broker, and what one user can do with another's words.
import { describe, expect, test } from 'vitest';
import { json } from '../../../src/protocol/codec.js';
import type { Broker } from '../../../src/server/broker/broker.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld } from '../../support/server/raw.js';

const join = (room: string, presence: unknown = null) =>
  ({ type: 'join', room, position: null, history: 0, presence }) as const;
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** A broker that remembers each room it was asked about. */
function watchedBroker(): { readonly broker: Broker; readonly rooms: Set<string> } {
  const rooms = new Set<string>();
  const inner = memoryBroker();
  const broker = new Proxy(inner, {
    get(target, name: keyof Broker) {
      const method = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        const [first] = args;
        if (typeof first === 'string') rooms.add(first);
        else if (typeof first === 'object' && first !== null && 'room' in first)
          rooms.add(first.room as string);
        return method.apply(target, args);
      };
    },
  });
  return { broker, rooms };
}

describe('T6 rooms that are not for somebody', () => {
  test('10,000 guesses get the same bytes but for the name, whether there is such a room or not, and about as fast', async () => {
    const { broker, rooms } = watchedBroker();
    const world = rawWorld({
      broker,
      limits: { rate: 100_000 },
      rooms: [serve('there/:id', { authorize: () => false }), serve('lobby')],
    });
    const peer = world.peer();
    await peer.hello();
    const times: Record<'there' | 'away', number[]> = { there: [], away: [] };
    for (let index = 0; index < 10_000; index++) {
      const kind = index % 2 ? 'there' : 'away';
      const began = performance.now();
      await peer.say(join(`${kind}/${index}`));
      times[kind].push(performance.now() - began);
    }
    const answers = peer.messages
      .slice(1)
      .map((message) => String(message).replace(/(there|away)\/\d+/, 'ROOM'));
    expect([answers.length, new Set(answers).size]).toEqual([10_000, 1]);
    // A ratio of medians of one run: other work of the machine delays a few of the 5,000 guesses of either kind.
    // The room that exists asks `authorize`, which costs some 20 µs: 4 times as much as no room, and not 10 times.
    const median = (of: number[]): number => of.toSorted((one, two) => one - two)[of.length / 2] ?? NaN;
    expect(median(times.there) / median(times.away)).toBeGreaterThan(0.1);
    expect(median(times.there) / median(times.away)).toBeLessThan(10);
    expect([rooms.size, world.core.stats().rooms]).toEqual([0, 0]);
  });

  test('the 129th room is refused, also where all are asked for at once', async () => {
    const world = rawWorld({ rooms: [serve('r/:id')] });
    const peer = world.peer();
    await peer.hello();
    await peer.say(...many(200, (index) => join(`r/${index}`)));
    expect([
      peer.of('joined').length,
      peer.of('error').length,
      new Set(peer.of('error').map(({ code }) => code)),
    ]).toEqual([128, 72, new Set(['too-many-rooms'])]);
    expect(world.core.stats().rooms).toBe(128);
  });

  test('one join of a connection is in progress at a time, however slow authorize is', async () => {
    let running = 0;
    let most = 0;
    const world = rawWorld({
      rooms: [
        serve('r/:id', {
          authorize: async () => {
            most = Math.max(most, ++running);
            await new Promise<void>((resolve) => {
              world.clock.after(10, resolve);
            });
            running--;
            return true;
          },
        }),
      ],
    });
    const peer = world.peer();
    await peer.hello();
    await peer.say(...many(100, (index) => join(`r/${index}`)));
    await world.clock.advance(2_000);
    expect([most, peer.of('joined').length]).toEqual([1, 100]);
  });
});

describe('T7 ids of rooms', () => {
  const odd = [
    '{x}',
    'a{b}c',
    '*',
    'a*',
    '?',
    '[ab]',
    'a\r\nSET b 1',
    'a\nb',
    'a b',
    ' a',
    'a\0b',
    'a\u001b[31m',
    '',
    '..\\x',
    'a"b',
    "a'b",
    'a`b',
    'a$b',
    'a;b',
    'a|b',
    'a&b',
    'a<b>',
    'a,b',
    'a!b',
    'a#b',
    'a^b',
    'a=b',
    'a+b',
    'a~b',
    'a(b)',
    'ä',
    '漢',
    '😀',
    'a\u202eb',
    'a\u200bb',
    '\ud800',
    'x'.repeat(129),
    'x'.repeat(60_000),
  ];
  const ids = [
    ...odd,
    ...odd.flatMap((id) =>
      [`chat/${id}`, `${id}/x`, `x${id}y`, `chat:${id}:*`].filter((it) => !/^[\w.:@/%-]{1,128}$/.test(it)),
    ),
  ];

  test(`${ids.length} that could mean something to a store are refused before it hears of them`, async () => {
    const { broker, rooms } = watchedBroker();
    const world = rawWorld({ broker, rooms: [serve(':a'), serve(':a/:b'), serve(':a/:b/:c')] });
    expect(ids.length).toBeGreaterThan(150);
    for (const id of ids) {
      const peer = world.peer();
      await peer.hello('eve', `s${id.length}`);
      await peer.sayRaw(json().encode([2, id, null, 0, null]));
      expect([id, peer.closed?.code]).toEqual([id, 4400]);
    }
    expect(rooms).toEqual(new Set());
  });

  test.each(['../x', './..', '%00', '%7Bx%7D', 'a:b:c', '-', '@'])(
    '%s is a name like any other: it is kept as it is, and nothing is read into it',
    async (id) => {
      const { broker, rooms } = watchedBroker();
      const world = rawWorld({ broker, rooms: [serve(':a'), serve(':a/:b')] });
      const peer = world.peer();
      await peer.hello();
      await peer.say(join(id));
      expect(rooms).toEqual(peer.of('joined').length ? new Set([id]) : new Set());
      expect(peer.closed).toBeNull();
    },
  );
});

describe('T8 words of another', () => {
  test('said again by somebody else, byte for byte, are theirs; said again by the same, they are known', async () => {
    const world = rawWorld({ rooms: [serve('lobby')] });
    const ada = world.peer();
    await ada.hello('ada', 'KEY');
    await ada.say(join('lobby'));
    const bytes = json().encode([4, 'lobby', 1, 'id-of-ada', 'm', 1, 'hello', null]);
    await ada.sayRaw(bytes);
    const eve = world.peer();
    await eve.hello('eve', 'KEY');
    await eve.say(join('lobby'));
    await eve.sayRaw(bytes);
    await ada.sayRaw(bytes);
    expect(ada.of('message').map(({ entry }) => [entry[0], entry[5]?.[1]?.id])).toEqual([
      [1, 'ada'],
      [2, 'eve'],
    ]);
    expect([
      eve.of('ack')[0]?.receipts[0]?.[3],
      ada.of('ack').map(({ receipts }) => receipts[0]?.[3]),
    ]).toEqual([false, [false, true]]);
    const [adaMember, eveMember] = [ada.of('welcome')[0]?.member, eve.of('welcome')[0]?.member];
    expect(adaMember).not.toBe(eveMember);
    expect(`${adaMember}${eveMember}`).not.toContain('KEY');
  });

  test('an old hello with a token that still counts is the session itself: its older connection ends', async () => {
    const world = rawWorld({ rooms: [serve('lobby')] });
    const [ada, replay] = [world.peer(), world.peer()];
    const hello = json().encode([1, 'KEY', 'i', 'ada', false, 'raw', 1]);
    await ada.sayRaw(hello);
    await replay.sayRaw(hello);
    expect([ada.closed?.code, replay.of('welcome').length, world.core.stats().connections]).toEqual([
      4009, 1, 1,
    ]);
  });
});

describe('T23 a payload that poisons', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  test.each<readonly [string, string]>([
    ['its own key __proto__', '{"__proto__":{"admin":true}}'],
    ['a key constructor', '{"constructor":1}'],
    ['a key prototype, deep inside', '{"a":[{"prototype":1}]}'],
    ['nesting of 33', JSON.stringify(deep(33))],
    ['more values than may be', `[${'1,'.repeat(50_000)}1]`],
    ['a number without end', '1e999'],
  ])(
    '%s is refused by name where it is sent to stay, and by an error where it is not; the next is taken',
    async (_, data) => {
      const world = rawWorld({
        rooms: [serve('lobby', { presence: true })],
        limits: { frame: 1_000_000, presence: 1_000_000 },
      });
      const [ada, bob] = [world.peer(), world.peer()];
      for (const [index, peer] of [ada, bob].entries()) {
        await peer.hello(`u${index}`, `s${index}`);
        await peer.say(join('lobby', {}));
      }
      await world.clock.advance(100);
      const before = bob.frames.length;
      await ada.sayRaw(
        `[4,"lobby",1,"x1","m",1,${data},null]\n[5,"lobby","m",1,${data}]\n[6,"lobby",{"at":${data}}]`,
      );
      await world.clock.advance(100);
      expect(ada.closed).toBeNull();
      expect(ada.of('nack')).toMatchObject([{ seq: 1, code: 'invalid' }]);
      expect(ada.of('error')).toMatchObject([{ code: 'invalid' }, { code: 'invalid' }]);
      expect(bob.frames.length).toBe(before);
      await ada.say({
        type: 'send',
        room: 'lobby',
        seq: 2,
        id: 'x2',
        message: 'm',
        version: 1,
        data: 'good',
        follows: null,
      });
      expect(bob.of('message').map(({ entry }) => entry[8])).toEqual(['good']);
      expect(({} as { readonly admin?: unknown }).admin).toBeUndefined();
    },
  );
});

test('T26 a page of somebody else that a browser sends cookies for is told apart by its origin, which has to be there where origins are listed', () => {
  const { core } = rawWorld({ rooms: [], origins: ['https://app.com'] });
  expect(
    ['https://app.com', 'https://evil.com', 'null', null].map((origin) => core.allows(origin, 'app.com')),
  ).toEqual([true, false, false, false]);
});
