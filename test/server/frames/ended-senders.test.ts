// A message waits for `authorize` while its sender is ended: what was a yes when it was asked is none any more.
import { describe, expect, test } from 'vitest';
import { json, type Codec } from '../../../src/protocol/codec.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import type { Broker, NodeEvent } from '../../../src/server/broker/broker.js';
import { serve, type AuthorizeRequest } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer } from '../../support/server/raw.js';

const join = { type: 'join', room: 'lobby', position: null, history: 0, presence: null } as const;
const message = {
  type: 'send',
  room: 'lobby',
  seq: 1,
  id: 'x1',
  message: 'm',
  version: 1,
  data: 'said before',
  follows: null,
} as const;

/** Ada is a member whose token ends after 60 s; what she sends waits for `authorize` until `release`. */
async function setup(codec: Codec = json()) {
  const handled: unknown[] = [];
  const asked: AuthorizeRequest[] = [];
  const held: (() => void)[] = [];
  const heard = new Set<(event: NodeEvent, age: number) => void>();
  const memory = memoryBroker();
  const broker: Broker = {
    ...memory,
    listen(listener) {
      heard.add(listener);
      return memory.listen(listener);
    },
  };
  const state = { allows: (_request: AuthorizeRequest) => true, holds: true };
  const world = rawWorld({
    rooms: [
      serve('lobby', {
        authorize(request) {
          asked.push(request);
          const verdict = state.allows(request);
          return request.action === 'send' && request.user?.id === 'ada' && state.holds
            ? new Promise((resolve) => {
                held.push(() => {
                  resolve(verdict);
                });
              })
            : verdict;
        },
        on: {
          m(it) {
            handled.push(it.data);
          },
        },
      }),
    ],
    broker,
    authenticate: ({ token }) =>
      token === null || token === 'refused' ? null : { id: token, expiresAt: world.clock.now() + 60_000 },
  });
  const member = async (id: string): Promise<RawPeer> => {
    const peer = world.peer(codec);
    await peer.hello(id, `session-of-${id}`);
    await peer.say(join);
    return peer;
  };
  const bob = await member('bob');
  const ada = await member('ada');
  await ada.say(message);
  return {
    world,
    ada,
    bob,
    state,
    handled,
    asked,
    member,
    /** Another node told it `age` ms ago, and it is heard now. */
    hear(event: NodeEvent, age: number) {
      for (const listener of heard) listener(event, age);
    },
    async release() {
      state.holds = false;
      for (const call of held.splice(0)) call();
      await world.clock.advance(0);
    },
  };
}
type World = Awaited<ReturnType<typeof setup>>;

const hangUp = ({ ada }: World): void => {
  ada.events.closed(1006);
};
const putOut = ({ state, world }: World): void => {
  state.allows = ({ user }) => user?.id !== 'ada';
  world.core.reauthorize('ada');
};

/** What ends a sender, and the answer where the same message comes again from the same session, which may speak by then. */
const endings: readonly (readonly [
  name: string,
  end: (world: World) => unknown,
  later: 'appended' | 'refused',
])[] = [
  ['is disconnected', ({ world }) => world.core.disconnect('ada'), 'appended'],
  [
    'hangs up and is disconnected',
    (it) => {
      hangUp(it);
      it.world.core.disconnect('ada');
    },
    'appended',
  ],
  [
    'hangs up and is disconnected at another node, which is heard late',
    async (it) => {
      await it.world.clock.advance(200);
      hangUp(it);
      it.hear({ type: 'disconnect', user: 'ada', reason: 'r' }, 100);
    },
    'appended',
  ],
  ['is put out', putOut, 'refused'],
  [
    'is put out and hangs up',
    async (it) => {
      putOut(it);
      await it.world.clock.advance(0);
      hangUp(it);
    },
    'refused',
  ],
  [
    'hangs up while it is asked whether it may stay',
    (it) => {
      putOut(it);
      hangUp(it);
    },
    'refused',
  ],
  [
    'hangs up and is put out',
    (it) => {
      hangUp(it);
      putOut(it);
    },
    'refused',
  ],
  [
    'stays in the room, and may not speak any more',
    (it) => {
      it.state.allows = ({ action, user }) => action !== 'send' || user?.id !== 'ada';
      it.world.core.reauthorize('ada');
    },
    'refused',
  ],
];

describe.each([json(), msgpack()])('over $name', (codec) => {
  test.each(endings)('T30 P33 a message is not appended where its sender %s', async (_name, end, later) => {
    const it = await setup(codec);
    await end(it);
    await it.world.clock.advance(0);
    await it.release();
    expect([it.handled, it.bob.of('message')]).toEqual([[], []]);
    it.state.allows = () => true;
    const back = await it.member('ada');
    await back.say(message);
    expect([back.of('ack').length, back.of('nack').map(({ code }) => code)]).toEqual(
      later === 'appended' ? [1, []] : [0, ['rejected']],
    );
    expect(it.handled).toEqual(later === 'appended' ? ['said before'] : []);
  });
});

test.each([
  ['', () => undefined],
  [', and its sender hung up before', hangUp],
])('T30 P33 a message is not appended where the token of its sender ended%s', async (_name, first) => {
  const it = await setup();
  await it.world.clock.advance(55_000);
  // The one before was late: this one is asked for while the token is about to end.
  await it.ada.say(message);
  first(it);
  await it.world.clock.advance(5_500);
  await it.release();
  expect([it.handled, it.bob.of('message')]).toEqual([[], []]);
  const back = await it.member('ada');
  await back.say(message);
  expect([back.of('ack').length, it.handled]).toEqual([1, ['said before']]);
});

test('T30 P33 a sender that merely hangs up has its message appended, though others are ended', async () => {
  const it = await setup();
  hangUp(it);
  it.world.core.disconnect('eve');
  it.world.core.reauthorize('bob');
  await it.world.clock.advance(0);
  await it.release();
  expect(it.bob.of('message').map(({ entry }) => entry[8])).toEqual(['said before']);
});

test('T30 P33 a sender that hung up and may stay has its message appended, once it was asked anew', async () => {
  const it = await setup();
  hangUp(it);
  it.world.core.reauthorize('ada');
  await it.release();
  expect(it.asked.filter(({ user }) => user?.id === 'ada').map(({ action }) => action)).toEqual([
    'join',
    'send',
    'join',
    'send',
  ]);
  expect(it.handled).toEqual(['said before']);
});

test('T30 P33 a handler that has begun goes on though its sender is disconnected', async () => {
  let finish = (): void => undefined;
  const world = rawWorld({
    rooms: [
      serve('lobby', {
        on: {
          m: () =>
            new Promise<void>((resolve) => {
              finish = resolve;
            }),
        },
      }),
    ],
  });
  const [ada, bob] = [world.peer(), world.peer()];
  for (const [peer, id] of [
    [ada, 'ada'],
    [bob, 'bob'],
  ] as const) {
    await peer.hello(id, `session-of-${id}`);
    await peer.say(join);
  }
  await ada.say(message);
  world.core.disconnect('ada');
  finish();
  await world.clock.advance(0);
  expect(bob.of('message')).toHaveLength(1);
});

test('T4 a user that is disconnected while its member id is made is not let in', async () => {
  let isDigested: (id: string) => void = () => undefined;
  const digest = new Promise<string>((resolve) => {
    isDigested = resolve;
  });
  const world = rawWorld({ rooms: [serve('lobby')] }, { digest: () => digest });
  const ada = world.peer();
  await ada.hello();
  world.core.disconnect('ada');
  isDigested('a-member-id');
  await world.clock.advance(0);
  expect([ada.of('welcome'), ada.closed?.code]).toEqual([[], 4403]);
});
