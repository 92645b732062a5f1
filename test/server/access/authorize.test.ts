// Whether one may is asked each time, for as long as told, and anew when rights or tokens change.
import { describe, expect, test } from 'vitest';
import { serve, type AuthorizeRequest, type ServeOptions } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const join = { type: 'join', room: 'lobby', position: null, history: 0, presence: null } as const;
const send = (seq: number, message = 'm') =>
  ({
    type: 'send',
    room: 'lobby',
    seq,
    id: `x${seq}`,
    message,
    version: 1,
    data: seq,
    follows: null,
  }) as const;
const broadcast = { type: 'broadcast', room: 'lobby', message: 'm', version: 1, data: 1 } as const;
const presence = { type: 'presence', room: 'lobby', patch: { a: 1 } } as const;
const history = { type: 'history', ref: 1, room: 'lobby', before: null, limit: 5 } as const;

interface Setup extends RawWorld {
  readonly asked: AuthorizeRequest[];
  answer: (request: AuthorizeRequest) => boolean | Promise<boolean>;
  member(id: string): Promise<RawPeer>;
}

function setup(options: ServeOptions = {}): Setup {
  const asked: AuthorizeRequest[] = [];
  const world = rawWorld({
    rooms: [
      serve('lobby', {
        presence: true,
        authorize(request) {
          asked.push(request);
          return self.answer(request);
        },
        ...options,
      }),
    ],
    authenticate: ({ token }) => ({ id: token ?? '', expiresAt: world.clock.now() + 60_000 }),
  });
  const self: Setup = {
    ...world,
    asked,
    answer: () => true,
    async member(id) {
      const peer = world.peer();
      await peer.hello(id, `session-of-${id}`);
      await peer.say(join);
      return peer;
    },
  };
  return self;
}

/** A promise that the test settles. */
function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const actionsOf = ({ asked }: Setup): string[] =>
  asked.map(({ action, type }) => (type === null ? action : `${action} ${type}`));

describe('T5 each operation', () => {
  test('is asked for by itself, each time', async () => {
    const world = setup();
    const ada = await world.member('ada');
    await ada.say(send(1), send(2), broadcast, broadcast, presence, presence, history, history);
    expect(actionsOf(world)).toEqual([
      'join',
      'send m',
      'send m',
      'broadcast m',
      'broadcast m',
      'presence',
      'presence',
      'history',
      'history',
    ]);
  });

  test.each([
    ['send', send(1)],
    ['broadcast', broadcast],
    ['presence', presence],
    ['history', history],
  ] as const)('%s is refused where it alone is, and nobody hears of it', async (action, frame) => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    await world.clock.advance(100);
    const before = bob.frames.length;
    world.answer = (request) => request.action !== action;
    await ada.say(frame);
    await world.clock.advance(100);
    expect([...ada.of('nack'), ...ada.of('error')]).toMatchObject([{ code: 'rejected' }]);
    expect([bob.frames.length, ada.of('history'), ada.closed]).toEqual([before, [], null]);
  });

  test("in a room that was left, was never joined, or is another's is refused without a question", async () => {
    const world = setup();
    const ada = await world.member('ada');
    await ada.say({ type: 'leave', room: 'lobby' });
    const before = world.asked.length;
    await ada.say(send(1), broadcast, presence, history);
    expect([...ada.of('nack'), ...ada.of('error')].map(({ code }) => code)).toEqual([
      'not-joined',
      'not-joined',
      'not-joined',
      'not-joined',
    ]);
    expect(world.asked).toHaveLength(before);
  });

  test('a resume is a join: rights that were lost while the connection was down end there', async () => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    await bob.say(send(1));
    const { position } = ada.of('joined')[0] ?? { position: null };
    ada.events.closed(1006);
    await bob.say(send(2));
    world.answer = ({ user }) => user?.id !== 'ada';
    const back = world.peer();
    await back.hello('ada', 'session-of-ada');
    await back.say({ ...join, position });
    expect([back.of('joined'), back.of('message'), back.of('error')]).toMatchObject([
      [],
      [],
      [{ ref: 'lobby', code: 'denied' }],
    ]);
  });
});

describe('T5 an answer that counts for a while', () => {
  test('is that of one action and one type, for one member, and no longer than told', async () => {
    const world = setup({ cache: 5_000 });
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    await ada.say(
      send(1),
      send(2),
      send(3, 'other'),
      broadcast,
      broadcast,
      presence,
      presence,
      history,
      history,
    );
    await bob.say(send(1));
    expect(actionsOf(world)).toEqual([
      'join',
      'join',
      'send m',
      'send other',
      'broadcast m',
      'presence',
      'history',
      'send m',
    ]);
    await world.clock.advance(4_999);
    await ada.say(send(4));
    expect(world.asked).toHaveLength(8);
    world.answer = () => false;
    await world.clock.advance(1);
    await ada.say(send(5));
    expect(ada.of('nack')).toMatchObject([{ seq: 5, code: 'rejected' }]);
    // A no counts as well.
    await ada.say(send(6));
    expect(world.asked).toHaveLength(9);
  });

  test('is never that of a join, nor that nobody answered', async () => {
    const world = setup({ cache: 60_000 });
    const ada = await world.member('ada');
    await ada.say(join);
    expect(actionsOf(world)).toEqual(['join', 'join']);
    world.answer = () => new Promise(() => undefined);
    await ada.say(broadcast);
    await world.clock.advance(10_000);
    world.answer = () => true;
    await ada.say(broadcast);
    expect(ada.of('error').map(({ code }) => code)).toEqual(['unavailable']);
    expect(actionsOf(world).slice(2)).toEqual(['broadcast m', 'broadcast m']);
  });

  test('T35 is forgotten where a member makes up types without end', async () => {
    const world = setup({ cache: 60_000 });
    const ada = await world.member('ada');
    await ada.say(...Array.from({ length: 65 }, (_, index) => send(index + 1, `type ${index}`)));
    const before = world.asked.length;
    // The newest 64 are known, and the oldest is not.
    await ada.say(send(66, 'type 64'), send(67, 'type 1'), send(68, 'type 0'));
    expect(actionsOf(world).slice(before)).toEqual(['send type 0']);
  });

  test.each([
    ['a new token', async (world: Setup, ada: RawPeer) => ada.say({ type: 'auth', token: 'ada' })],
    [
      'reauthorize',
      async (world: Setup) => {
        world.core.reauthorize('ada');
        return world.clock.advance(0);
      },
    ],
  ] as const)('ends with %s, one that was on its way too', async (_, change) => {
    const world = setup({ cache: 60_000 });
    const ada = await world.member('ada');
    const slow = later<boolean>();
    world.answer = ({ action }) => (action === 'send' ? slow.promise : true);
    await ada.say(send(1));
    await change(world, ada);
    slow.resolve(true);
    await world.clock.advance(0);
    world.answer = ({ action }) => action === 'join';
    await ada.say(send(2));
    expect([ada.of('ack').length, ada.of('nack')]).toMatchObject([1, [{ seq: 2, code: 'rejected' }]]);
  });
});

describe('T4 rights that change', () => {
  test('reauthorize asks for every room of every connection of the user, and expels', async () => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    const second = world.peer();
    await second.hello('ada', 'another-session');
    await second.say(join);
    await world.clock.advance(100);
    world.asked.length = 0;
    world.answer = ({ user }) => user?.id !== 'ada';
    world.core.reauthorize('ada');
    await world.clock.advance(100);
    expect(world.asked.map(({ action, user }) => [action, user?.id])).toEqual([
      ['join', 'ada'],
      ['join', 'ada'],
    ]);
    for (const peer of [ada, second])
      expect([peer.of('left'), peer.closed]).toEqual([
        [{ type: 'left', room: 'lobby', code: 'denied' }],
        null,
      ]);
    expect(bob.of('presence').flatMap(({ left }) => left)).toHaveLength(2);
    const before = ada.frames.length;
    await bob.say(send(1), broadcast, presence);
    await world.clock.advance(100);
    expect(ada.frames.length).toBe(before);
    await ada.say(send(1), broadcast, presence, history);
    expect(bob.of('message')).toHaveLength(1);
    expect([...ada.of('nack'), ...ada.of('error')].map(({ code }) => code)).toEqual([
      'not-joined',
      'not-joined',
      'not-joined',
      'not-joined',
    ]);
  });

  test('a new token asks for the rooms again', async () => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    world.answer = () => false;
    await ada.say({ type: 'auth', token: 'ada' });
    expect([ada.of('auth').length, ada.of('left'), bob.of('left')]).toMatchObject([
      1,
      [{ code: 'denied' }],
      [],
    ]);
  });

  test('where nobody can say, the room is to be joined again, and nothing is delivered until then', async () => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    world.answer = () => new Promise(() => undefined);
    world.core.reauthorize('ada');
    await world.clock.advance(10_000);
    expect(ada.of('reset')).toEqual([{ type: 'reset', room: 'lobby', why: 'unavailable' }]);
    world.answer = () => true;
    await bob.say(send(1));
    expect(ada.of('message')).toEqual([]);
    await ada.say({ ...join, position: ada.of('joined')[0]?.position ?? null });
    expect(ada.of('joined').at(-1)).toMatchObject({
      recovered: true,
      messages: [[1, expect.anything(), '', 'x1', expect.anything(), expect.anything(), 'm', 1, 1]],
    });
  });

  test('of two questions the later one counts, whichever is answered first', async () => {
    const world = setup();
    const ada = await world.member('ada');
    const first = later<boolean>();
    world.answer = () => first.promise;
    world.core.reauthorize('ada');
    world.answer = () => true;
    world.core.reauthorize('ada');
    await world.clock.advance(0);
    first.resolve(false);
    await world.clock.advance(0);
    expect(ada.of('left')).toEqual([]);
  });

  test.each(['the join', 'its presence'])(
    'a join that is under way is asked for again: %s was answered before',
    async (stage) => {
      const world = setup();
      const bob = await world.member('bob');
      const slow = later<boolean>();
      const ada = world.peer();
      await ada.hello('ada', 'session-of-ada');
      world.answer = ({ action }) =>
        action === (stage === 'the join' ? 'join' : 'presence') ? slow.promise : true;
      await ada.say({ ...join, presence: { at: 1 } });
      world.core.reauthorize('ada');
      world.answer = ({ user }) => user?.id !== 'ada';
      slow.resolve(true);
      await world.clock.advance(100);
      expect([ada.of('joined'), ada.of('error')]).toMatchObject([[], [{ ref: 'lobby', code: 'denied' }]]);
      expect(bob.of('presence').flatMap(({ joined }) => joined)).toHaveLength(1);
    },
  );

  test('a join that is reading the log meanwhile ends, with nobody left behind in the room', async () => {
    const world = setup();
    const bob = await world.member('bob');
    const { broker } = world.core.settings;
    const { watermark } = broker;
    const slow = later<number>();
    const ada = world.peer();
    await ada.hello('ada', 'session-of-ada');
    Object.assign(broker, { watermark: () => slow.promise });
    await ada.say({ ...join, presence: { at: 1 } });
    Object.assign(broker, { watermark });
    world.answer = ({ user }) => user?.id !== 'ada';
    world.core.reauthorize('ada');
    await world.clock.advance(0);
    slow.resolve(0);
    await world.clock.advance(100);
    expect([ada.of('left').length, ada.of('joined'), ada.closed]).toEqual([1, [], null]);
    expect((await broker.members('lobby')).map(([, user]) => user?.id)).toEqual(['bob']);
    await bob.say(send(1));
    expect(ada.of('message')).toEqual([]);
  });
});

describe('T4 disconnect', () => {
  test('ends who is being authenticated at that moment, by an answer that is out of date', async () => {
    const answers: ((user: { id: string }) => void)[] = [];
    const world = rawWorld({
      rooms: [serve('lobby')],
      authenticate: () => new Promise((resolve) => answers.push(resolve)),
    });
    const [early, late] = [world.peer(), world.peer()];
    await early.hello('ada', 's1');
    world.core.disconnect('ada');
    await late.hello('ada', 's2');
    for (const answer of answers) answer({ id: 'ada' });
    await world.clock.advance(0);
    expect([early.closed?.code, late.closed, late.of('welcome').length]).toEqual([4403, null, 1]);
    await late.say({ type: 'auth', token: 'ada' });
    world.core.disconnect('bob');
    answers.at(-1)?.({ id: 'ada' });
    await world.clock.advance(0);
    expect([late.closed, late.of('auth').length]).toEqual([null, 1]);
    await world.clock.advance(30_000);
    await world.core.close();
    await world.clock.advance(30_000);
    expect(world.clock.pending).toBe(0);
  });
});

describe('T5 put out of a room while something was asked', () => {
  test.each([
    ['send', send(1)],
    ['broadcast', broadcast],
    ['presence', presence],
    ['history', history],
  ] as const)('%s: an answer that comes after that lets nothing through', async (action, frame) => {
    const world = setup();
    const [ada, bob] = [await world.member('ada'), await world.member('bob')];
    await world.clock.advance(100);
    const slow = later<boolean>();
    world.answer = (request) => (request.action === action ? slow.promise : false);
    await ada.say(frame);
    world.core.reauthorize('ada');
    await world.clock.advance(100);
    expect(ada.of('left')).toHaveLength(1);
    const before = bob.frames.length;
    slow.resolve(true);
    await world.clock.advance(100);
    expect([bob.frames.length, ada.of('history'), ada.of('ack')]).toEqual([before, [], []]);
  });
});

describe('T4 T20 tokens without end', () => {
  test('one is renewed at most twice a second: each asks for every room', async () => {
    const world = setup();
    const ada = await world.member('ada');
    world.asked.length = 0;
    await ada.say(...Array.from({ length: 1_000 }, () => ({ type: 'auth', token: 'ada' }) as const));
    expect([world.asked.length, ada.of('auth').length, ada.of('error')[0]]).toMatchObject([
      1,
      1,
      { ref: null, code: 'limited' },
    ]);
    await world.clock.advance(500);
    await ada.say({ type: 'auth', token: 'ada' });
    expect(ada.of('auth')).toHaveLength(2);
  });

  test.each([NaN, '2030-01-01'])('one that ends at %j is let in by nobody', async (expiresAt) => {
    const world = rawWorld({ rooms: [], authenticate: () => ({ id: 'ada', expiresAt }) as never });
    const ada = world.peer();
    await ada.hello();
    expect(ada.closed?.code).toBe(4500);
  });
});
