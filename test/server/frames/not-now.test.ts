// "Not now", said by `authorize` or by a handler: nothing is settled, and the same is asked again after a while.
import { describe, expect, test } from 'vitest';
import { RealtimeError } from '../../../src/protocol/error.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import { serve, type AuthorizeRequest, type ServeOptions } from '../../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../../src/testing/index.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const codes = ['unavailable', 'limited'] as const;
type Code = (typeof codes)[number];
const room = 'lobby';
const join = { type: 'join', room, position: null, history: 0, presence: null } as const;
const send = (seq: number, message = 'm', to = room): ClientFrame => ({
  type: 'send',
  room: to,
  seq,
  id: `x${seq}`,
  message,
  version: 1,
  data: seq,
  follows: null,
});
const notNow = (code: Code, after?: number): RealtimeError =>
  new RealtimeError(code, 'the store is away', undefined, after);

interface Setup extends RawWorld {
  readonly ada: RawPeer;
  /** What the rule throws for the operation that the test is about; null: it allows everything. */
  says: unknown;
  asked: number;
  /** Data that a handler ran for. */
  readonly ran: unknown[];
  nacks(): unknown[];
}

async function setup(action: string, options: ServeOptions = {}): Promise<Setup> {
  const ran: unknown[] = [];
  const shared: ServeOptions = {
    presence: true,
    authorize(request: AuthorizeRequest) {
      if (request.action !== action || request.room !== room) return true;
      self.asked++;
      if (self.says) throw self.says;
      return true;
    },
    on: {
      m({ data }) {
        ran.push(data);
      },
    },
    ...options,
  };
  const world = rawWorld({ rooms: [serve(room, shared), serve('other', shared)] });
  const ada = world.peer();
  const self: Setup = {
    ...world,
    ada,
    says: null,
    asked: 0,
    ran,
    nacks: () => ada.of('nack').map(({ seq, code, after }) => [seq, code, after]),
  };
  await ada.hello();
  return self;
}

describe.each(codes)('P31 a rule that throws %s', (code) => {
  test.each([0, 5_000])(
    'settles nothing of a message, which comes again, later each time, with a cache of %d ms',
    async (cache) => {
      const world = await setup('send', { cache });
      await world.ada.say(join);
      world.says = notNow(code);
      for (let time = 0; time < 9; time++) await world.ada.say(send(1), send(2));
      expect(world.nacks()).toEqual(
        [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000].map((after) => [
          1,
          'unavailable',
          after,
        ]),
      );
      expect([world.asked, world.ran]).toEqual([9, []]);
      world.says = null;
      await world.ada.say(send(1), send(2));
      expect(world.ran).toEqual([1, 2]);
      expect(world.ada.of('ack').flatMap(({ receipts }) => receipts.map(([seq]) => seq))).toEqual([1, 2]);
      expect(world.logs.map(({ message }) => message)).not.toContain('authorize threw');
    },
  );

  test('later, in a promise, says the same', async () => {
    const world = await setup('none', {
      async authorize({ action }) {
        await Promise.resolve();
        if (action === 'send') throw notNow(code, 700);
        return true;
      },
    });
    await world.ada.say(join, send(1));
    expect(world.nacks()).toEqual([[1, 'unavailable', 700]]);
  });

  test.each([
    [5_000, 5_000],
    [1, 200],
    [200.5, 201],
    [-5, 200],
    [1e9, 30_000],
    [Infinity, 30_000],
    [NaN, 200],
    ['soon' as never, 200],
  ])('says when: %j ms are %d', async (after, waits) => {
    const world = await setup('send');
    await world.ada.say(join);
    world.says = notNow(code, after);
    await world.ada.say(send(1));
    expect(world.nacks()).toEqual([[1, 'unavailable', waits]]);
  });

  test.each<readonly [string, ClientFrame, string | number]>([
    ['join', join, room],
    ['broadcast', { type: 'broadcast', room, message: 'm', version: 1, data: 1 }, room],
    ['presence', { type: 'presence', room, patch: { a: 1 } }, room],
    ['history', { type: 'history', ref: 7, room, before: null, limit: 5 }, 7],
  ])('refuses a %s for now, and says when where the rule does', async (action, frame, ref) => {
    const world = await setup(action);
    if (action !== 'join') await world.ada.say(join);
    world.says = notNow(code, 5_000);
    await world.ada.say(frame);
    world.says = notNow(code);
    await world.ada.say(frame);
    expect(world.ada.of('error').map((it) => [it.ref, it.code, it.after])).toEqual([
      [ref, code, 5_000],
      [ref, code, null],
    ]);
    world.says = null;
    await world.ada.say(frame);
    expect(world.ada.of('error')).toHaveLength(2);
    expect(world.ada.of('joined')).toHaveLength(1);
  });

  test('refuses for now a join that wants history, and lets one in without its presence', async () => {
    const wants = await setup('history');
    wants.says = notNow(code, 5_000);
    await wants.ada.say({ ...join, history: 10 });
    expect(wants.ada.of('error')).toMatchObject([{ ref: room, code, after: 5_000 }]);
    expect(wants.ada.of('joined')).toEqual([]);
    const brings = await setup('presence');
    brings.says = notNow(code, 5_000);
    await brings.ada.say({ ...join, presence: { a: 1 } });
    expect(brings.ada.of('error')).toMatchObject([{ ref: room, code, after: 5_000 }]);
    expect(brings.ada.of('joined')).toHaveLength(1);
  });

  test('for a member that is asked for again sends it to join again, and does not put it out', async () => {
    const world = await setup('join');
    await world.ada.say(join);
    world.says = notNow(code);
    world.core.reauthorize('ada');
    await world.clock.advance(0);
    expect(world.ada.of('reset')).toMatchObject([{ room, why: 'unavailable' }]);
    expect(world.ada.of('left')).toEqual([]);
  });

  test('holds up no other room and no other session', async () => {
    const world = await setup('send');
    const bob = world.peer();
    await bob.hello('bob', 'session-of-bob');
    await bob.say(join, { ...join, room: 'other' });
    await world.ada.say(join, { ...join, room: 'other' });
    world.says = notNow(code, 30_000);
    await world.ada.say(send(1), send(1, 'm', 'other'));
    expect(world.ada.of('ack')).toMatchObject([{ room: 'other' }]);
    world.says = null;
    await bob.say(send(1));
    expect(bob.of('ack')).toMatchObject([{ room }]);
  });

  test('of a connection that is over leaves the number to the next one', async () => {
    const world = await setup('send');
    await world.ada.say(join);
    world.says = notNow(code);
    await world.ada.say(send(1));
    world.ada.events.closed(1006);
    world.says = null;
    const again = world.peer();
    await again.hello();
    await again.say(join, send(1));
    expect(again.of('joined')).toMatchObject([{ last: 0 }]);
    expect(again.of('ack').flatMap(({ receipts }) => receipts.map(([seq]) => seq))).toEqual([1]);
  });
});

test.each(['rejected', 'gap', 'denied', 'invalid'] as const)(
  'a rule that throws %s is a no, with a line in the log',
  async (code) => {
    const world = await setup('broadcast');
    await world.ada.say(join);
    world.says = new RealtimeError(code, 'no', undefined, 5_000);
    await world.ada.say({ type: 'broadcast', room, message: 'm', version: 1, data: 1 });
    expect(world.ada.of('error')).toMatchObject([{ code: 'rejected', after: null }]);
    expect(world.logs.map(({ message }) => message)).toContain('authorize threw');
  },
);

test.each([
  [5_000, 5_000],
  [1, 200],
  [1e9, 30_000],
])(
  'P31 a handler says when: %j ms are %d, and what it says of the next time counts anew',
  async (after, waits) => {
    const throws: unknown[] = [notNow('limited', after), notNow('unavailable'), notNow('unavailable', 400)];
    let runs = 0;
    const world = await setup('none', {
      on: {
        m() {
          const it = throws[runs++];
          if (it) throw it;
        },
      },
    });
    await world.ada.say(join);
    for (let time = 0; time < 4; time++) await world.ada.say(send(1));
    expect(world.nacks().map((it) => (it as unknown[])[2])).toEqual([waits, 200, 400]);
    expect([runs, world.ada.of('ack').length]).toEqual([4, 1]);
  },
);

test('P31 a client of ours waits as long as it is told, joins when it may, and loses nothing', async () => {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const at: number[] = [];
  let time = 0;
  let joins = 0;
  const world = createTestRealtime({
    rooms: [
      serve(room, {
        authorize({ action }) {
          if (action === 'join' && joins++ < 2) throw notNow('limited', 1_000);
          if (action !== 'send') return true;
          at.push(time);
          if (at.length < 4) throw notNow('unavailable', 3_000);
          return true;
        },
      }),
    ],
    clock: 'virtual',
    server: { logger: quiet },
  });
  const { client } = world.user({ id: 'ada' }, { logger: quiet });
  const sent = client.room(room).send('m', 1);
  for (; time < 60_000; time += 100) await world.advance(100);
  expect(await sent).toMatchObject({ offset: 1 });
  const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  expect(waits).toHaveLength(3);
  for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(3_000);
  await world.close();
});

describe('T44 why a handler failed', () => {
  const secret = 'postgres://app:hunter2@db';
  const failures: readonly (readonly [string, () => unknown, string])[] = [
    ['an exception', () => new TypeError(secret), `TypeError: ${secret}`],
    ['what is no exception', () => ({ secret }), 'it threw a value of type object, and no Error'],
    ['a code that it cannot know', () => new RealtimeError('gap', secret), "it threw the code 'gap'"],
  ];
  const answer = async (
    thrown: () => unknown,
    explains?: () => boolean,
  ): Promise<string | null | undefined> => {
    const world = rawWorld(
      {
        rooms: [
          serve(room, {
            on: {
              m() {
                throw thrown();
              },
            },
          }),
        ],
      },
      explains && { mayExplainFailure: explains },
    );
    const ada = world.peer();
    await ada.hello();
    await ada.say(join, send(1));
    expect(ada.of('nack')).toMatchObject([{ code: 'rejected', details: null }]);
    return ada.of('nack')[0]?.reason;
  };

  test.each(failures)('is told to somebody who develops the app: %s', async (_name, thrown, told) => {
    expect(await answer(thrown, () => true)).toContain(`the server failed to handle it: ${told}`);
  });

  test.each(failures)('is told to nobody else: %s', async (_name, thrown) => {
    expect(await answer(thrown, () => false)).toBe('the server failed to handle it');
    expect(await answer(thrown)).toBe('the server failed to handle it');
  });
});
