// Connections that are ended together: each is ended, whatever the reason is and whatever one of them does.
import { expect, test } from 'vitest';
import { cutToBytes } from '../../../src/protocol/bytes.js';
import { json } from '../../../src/protocol/codec.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import { clientTuple } from '../../../src/protocol/parse.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import type { Broker } from '../../../src/server/broker/broker.js';
import type { TransportEvents } from '../../../src/server/ports/ports.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const rooms = [serve('lobby')];
const join = { type: 'join', room: 'lobby', position: null, history: 0, presence: null } as const;
const say = (seq: number): ClientFrame => ({
  type: 'send',
  room: 'lobby',
  seq,
  id: `x${seq}`,
  message: 'm',
  version: 1,
  data: seq,
  follows: null,
});

/** 124 bytes in one, two, three and four bytes a character, and one that ends inside a character. */
const longReasons: readonly (readonly [told: string, whole: string])[] = [
  ['x'.repeat(123), 'x'.repeat(124)],
  ['é'.repeat(61), 'é'.repeat(62)],
  ['規'.repeat(41), '規'.repeat(100)],
  ['🙂'.repeat(30), '🙂'.repeat(31)],
  [`x${'🙂'.repeat(30)}`, `x${'🙂'.repeat(60)}`],
];

async function members(world: RawWorld, count: number, user = 'ada'): Promise<RawPeer[]> {
  const peers = Array.from({ length: count }, () => world.peer());
  for (const [index, peer] of peers.entries()) {
    await peer.hello(user, `session-${user}-${index}`);
    await peer.say(join);
  }
  return peers;
}

/** A connection whose transport throws at each call of one kind, once it is in the room. */
async function broken(world: RawWorld, kind: 'close' | 'ping' | 'send', session: string) {
  const state = { isBroken: false, cuts: 0 };
  const fail = (call: 'close' | 'ping' | 'send') => (): void => {
    if (state.isBroken && call === kind) throw new Error('the socket is in no state for that');
  };
  const codec = json();
  const events: TransportEvents = world.core.open(
    {
      send: fail('send'),
      close: fail('close'),
      ping: fail('ping'),
      terminate() {
        state.cuts++;
      },
      buffered: () => 0,
    },
    codec,
    { origin: null, address: 'test', headers: {} },
  );
  const hello = {
    type: 'hello',
    session,
    instance: 'i',
    token: 'ada',
    takeover: false,
    client: 'x',
  } as const;
  for (const frame of [hello, join]) {
    events.message(codec.encode(clientTuple(frame)));
    await world.clock.advance(0);
  }
  state.isBroken = true;
  return state;
}

test.each(longReasons)(
  'T29 a reason of more than 123 bytes is cut at a character: %s',
  async (told, reason) => {
    const broker = memoryBroker();
    const [one, two] = [rawWorld({ rooms, broker }), rawWorld({ rooms, broker })];
    const peers = [...(await members(one, 3)), ...(await members(two, 1))];
    one.core.disconnect('ada', reason);
    expect(peers.map(({ closed }) => closed)).toEqual(peers.map(() => ({ code: 4403, reason: told })));
    expect([one.core.stats().connections, two.core.stats().connections]).toEqual([0, 0]);
    expect(new TextEncoder().encode(told).length).toBeLessThanOrEqual(123);
  },
);

test('T29 a long reason that another node told, of an older version, is cut where it is heard', async () => {
  const broker: Broker = memoryBroker();
  const world = rawWorld({ rooms, broker });
  const [peer] = await members(world, 1);
  broker.tell({ type: 'disconnect', user: 'ada', reason: '規'.repeat(100) });
  expect(peer?.closed).toEqual({ code: 4403, reason: '規'.repeat(41) });
});

test('T29 a text is cut before the character that does not fit whole', () => {
  expect(cutToBytes('abc', 3)).toBe('abc');
  expect(cutToBytes('abé', 3)).toBe('ab');
  expect(cutToBytes('a\ud800b', 4)).toBe('a\ud800');
  expect(cutToBytes('🙂', 3)).toBe('');
});

test.each([
  ['disconnect', async ({ core }: RawWorld) => core.disconnect('ada'), 4403],
  [
    'drain',
    async ({ core, clock }: RawWorld) => {
      const drained = core.drain({ over: 1_000 });
      await clock.advance(1_000);
      await drained;
    },
    1012,
  ],
  ['close', async ({ core }: RawWorld) => core.close(), 1012],
] as const)(
  'T29 a connection that throws as it is closed is cut, and %s ends the others',
  async (_name, end, code) => {
    const world = rawWorld({ rooms });
    const [first] = await members(world, 1);
    const middle = await broken(world, 'close', 'session-of-the-broken-one');
    const last = world.peer();
    await last.hello('ada', 'session-of-the-last');
    await last.say(join);
    await end(world);
    expect([first?.closed?.code, middle.cuts, last.closed?.code]).toEqual([code, 1, code]);
    expect(world.core.stats().connections).toBe(0);
  },
);

test('T29 a connection that throws as it is written to is ended, and the others hear what was said', async () => {
  const world = rawWorld({ rooms });
  const [first] = await members(world, 1);
  await broken(world, 'send', 'session-of-the-broken-one');
  const last = world.peer();
  await last.hello('ada', 'session-of-the-last');
  await last.say(join);
  await first?.say(say(1));
  expect(last.of('message').map(({ entry }) => entry[8])).toEqual([1]);
  expect(first?.of('ack')).toHaveLength(1);
  expect(world.core.stats().connections).toBe(2);
});

test('T29 a connection that throws as it is pinged is ended, and the others are pinged', async () => {
  const world = rawWorld({ rooms, heartbeat: { interval: 1_000, timeout: 5_000 } });
  const [first] = await members(world, 1);
  await broken(world, 'ping', 'session-of-the-broken-one');
  const last = world.peer();
  await last.hello('ada', 'session-of-the-last');
  await world.clock.advance(1_500);
  expect([first?.pings, last.pings, world.core.stats().connections]).toEqual([1, 1, 2]);
});
