// T43: what is refused for good counts as five frames of the connection's rate.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../../src/contract/define-room.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import { createTokenBucket } from '../../../src/server/util/token-bucket.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../../src/testing/index.js';
import { rawWorld, type RawPeer } from '../../support/server/raw.js';

const room = 'lobby';
const join = { type: 'join', room, position: null, history: 0, presence: null } as const;
const send = (seq: number, message: string, data: unknown): ClientFrame => ({
  type: 'send',
  room,
  seq,
  id: `x${seq}`,
  message,
  version: 1,
  data,
  follows: null,
});
const broadcast = (message: string, data: unknown): ClientFrame => ({
  type: 'broadcast',
  room,
  message,
  version: 1,
  data,
});
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

const shape = z.object({ n: z.number() });
const lobby = defineRoom(room, {
  messages: { m: shape, secret: shape, checked: shape },
  presence: shape.partial(),
});
const rooms = [
  serve(lobby, {
    authorize: ({ type, action }) => type !== 'secret' && action !== 'history',
    on: { checked: (_message, { reject }) => reject('no') },
  }),
];

async function member(
  rate = 10,
): Promise<{ readonly ada: RawPeer; readonly world: ReturnType<typeof rawWorld> }> {
  const world = rawWorld({ rooms, limits: { rate } });
  const ada = world.peer();
  await ada.hello();
  await ada.say(join);
  await world.clock.advance(5_000);
  return { ada, world };
}

/** How many of these are looked at before one is told to wait. */
async function countTaken(frame: (index: number) => ClientFrame): Promise<number> {
  const { ada } = await member();
  for (let index = 0; ; index++) {
    await ada.say(frame(index));
    if ([...ada.of('nack'), ...ada.of('error')].some(({ code }) => code === 'limited')) return index;
  }
}

test('a bucket takes tokens that are not there, eight seconds of its pace at most', () => {
  const bucket = createTokenBucket(10, 0);
  bucket.charge(25);
  expect([bucket.isInDebt, bucket.take(0)]).toEqual([true, 600]);
  expect([bucket.take(600), bucket.isInDebt]).toEqual([0, false]);
  bucket.charge(1_000_000);
  expect(bucket.take(600)).toBe(8_100);
});

describe('T43 of twenty frames that a connection may send at once', () => {
  test.each<readonly [string, (index: number) => ClientFrame]>([
    ['messages without the right to', (index) => send(index + 1, 'secret', { n: 1 })],
    ['messages that do not fit', (index) => send(index + 1, 'm', 'x')],
    ['messages of no type', (index) => send(index + 1, 'none', {})],
    ['messages that the handler refuses', (index) => send(index + 1, 'checked', { n: 1 })],
    ['messages that were refused before', () => send(1, 'm', 'x')],
    ['broadcasts without the right to', () => broadcast('secret', { n: 1 })],
    ['broadcasts that do not fit', () => broadcast('m', 'x')],
    ['changes of presence that do not fit', () => ({ type: 'presence', room, patch: { n: 'x' } })],
    ['joins of rooms that are not there', (index) => ({ ...join, room: `other-${index}` })],
    [
      'questions for history without the right to',
      (ref) => ({ type: 'history', ref, room, before: null, limit: 1 }),
    ],
  ])('%s are four', async (_name, frame) => {
    expect(await countTaken(frame)).toBe(4);
  });

  test.each<readonly [string, (index: number) => ClientFrame]>([
    ['messages that are taken', (index) => send(index + 1, 'm', { n: 1 })],
    ['messages that come again', () => send(1, 'm', { n: 1 })],
    ['broadcasts', () => broadcast('m', { n: 1 })],
    ['changes of presence', (n) => ({ type: 'presence', room, patch: { n } })],
    [
      'broadcasts in a room that was never joined',
      () => ({ ...broadcast('m', {}), room: 'other' }) as ClientFrame,
    ],
  ])('%s are twenty', async (_name, frame) => {
    expect(await countTaken(frame)).toBe(20);
  });

  test('many refused ones in one message are paid for before anything else is taken', async () => {
    const { ada, world } = await member();
    await ada.say(...Array.from({ length: 20 }, () => broadcast('m', 'x')));
    expect(ada.of('error').map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => 'invalid'));
    await world.clock.advance(7_900);
    await ada.say(broadcast('m', 'x'));
    expect(ada.of('error').at(-1)).toMatchObject({ code: 'limited', after: 200 });
    await world.clock.advance(200);
    await ada.say(broadcast('m', { n: 1 }));
    expect(ada.of('error')).toHaveLength(21);
  });
});

test('T43 a connection that pays for refusals is answered its pings, and closed where it sends them without end', async () => {
  const { ada } = await member();
  await ada.say(...Array.from({ length: 20 }, () => broadcast('m', 'x')));
  await ada.say({ type: 'ping', time: 7 });
  expect(ada.of('pong').map(({ time }) => time)).toEqual([7]);
  for (let count = 0; count < 2_000 && !ada.closed; count++) await ada.say({ type: 'ping', time: 8 });
  expect(ada.closed?.code).toBe(4429);
});

test('T43 a client of ours whose messages are refused one after another keeps its connection, and each is answered', async () => {
  const world = createTestRealtime({
    rooms,
    clock: 'virtual',
    server: { limits: { rate: 20 }, logger: quiet },
  });
  const { client, network } = world.user({ id: 'ada' }, { logger: quiet });
  const said = client.room(lobby);
  const sent = Array.from({ length: 200 }, async (_, index) =>
    said.send('checked', { n: index }).catch((error: unknown) => error),
  );
  await world.advance(120_000);
  const answers = await Promise.all(sent);
  expect(answers.map((it) => (it as { readonly code?: string }).code)).toEqual(
    Array.from({ length: 200 }, () => 'rejected'),
  );
  expect(network.opened).toBe(1);
  await world.close();
});
