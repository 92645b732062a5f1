// A server that says "not now": the outbox shows how often and why, rooms beside it go on, and the message arrives once.
import { afterEach, describe, expect, test } from 'vitest';
import { RealtimeError } from '../../../../src/protocol/error.js';
import { serve } from '../../../../src/server/rooms/serve.js';
import { createTestRealtime, type TestRealtime } from '../../../../src/testing/index.js';

let world: TestRealtime;
afterEach(() => world.close());

const notNow = (reason: string, after?: number): never => {
  throw new RealtimeError('unavailable', reason, undefined, after);
};

describe.each([
  ['its handler', 'handler'],
  ['authorize', 'authorize'],
] as const)('%s puts a message off', (_name, who) => {
  test('twice: attempts and reason are shown, the room beside it goes on, and it arrives once', async () => {
    let left = 2;
    const putOff = (): true => {
      if (left-- > 0) notNow('the database is away', 3_000);
      return true;
    };
    world = createTestRealtime({
      clock: 'virtual',
      rooms: [
        serve('slow', {
          authorize: ({ action }) => who === 'handler' || action !== 'send' || putOff(),
          ...(who === 'handler' && { on: { say: () => void putOff() } }),
        }),
        serve('beside'),
      ],
    });
    const { client } = world.user({ id: 'ada' });
    const heard: unknown[] = [];
    client.room('slow').on('say', ({ data }) => {
      heard.push(data);
    });
    await world.advance(1_000);
    const sent = client.room('slow').send('say', 1);
    await world.advance(100);
    const pending = () =>
      client.store
        .getState()
        .outbox.pending.map(({ status, attempts, error }) => [status, attempts, error?.code]);
    expect(pending()).toEqual([['queued', 1, 'unavailable']]);
    const beside = client.room('beside').send('say', 'x');
    await world.advance(2_500);
    await expect(beside).resolves.toMatchObject({ offset: 1 });
    expect(pending()).toEqual([['queued', 1, 'unavailable']]);
    await world.advance(500);
    expect(pending()).toEqual([['queued', 2, 'unavailable']]);
    await world.advance(4_000);
    await expect(sent).resolves.toMatchObject({ offset: 1 });
    expect([heard, pending()]).toEqual([[1], []]);
  });
});

test('a message that is put off until its time to live is over is in doubt, can be tried again, and holds up no other', async () => {
  let isAway = true;
  const ran: unknown[] = [];
  world = createTestRealtime({
    clock: 'virtual',
    rooms: [
      serve('slow', {
        on: {
          say({ data }) {
            if (isAway) notNow('the database is away');
            ran.push(data);
          },
        },
      }),
    ],
  });
  const { client } = world.user({ id: 'ada' });
  await world.advance(100);
  const outcomes: unknown[] = [];
  const say = (data: number, ttl?: number): void => {
    client
      .room('slow')
      .send('say', data, ttl === undefined ? {} : { ttl })
      .then(
        ({ offset }) => outcomes.push([data, offset]),
        ({ code }: { readonly code: string }) => outcomes.push([data, code]),
      );
  };
  say(1, 5_000);
  say(2);
  await world.advance(10_000);
  expect(outcomes).toEqual([[1, 'in-doubt']]);
  isAway = false;
  await world.advance(30_000);
  expect([outcomes, ran]).toEqual([
    [
      [1, 'in-doubt'],
      [2, 1],
    ],
    [2],
  ]);
  const [failed] = client.store.getState().outbox.failed;
  expect(failed).toMatchObject({ data: 1, status: 'failed', error: { code: 'in-doubt' } });
  client.retry(failed?.id ?? '');
  await world.advance(1_000);
  expect(ran).toEqual([2, 1]);
});

test.each([
  [5_000, 5_000],
  [undefined, 2_000],
])('a join that is put off, after %s ms, is tried again after %i ms, and not before', async (after, wait) => {
  let joins = 0;
  world = createTestRealtime({
    clock: 'virtual',
    rooms: [serve('slow', { authorize: () => (++joins === 1 ? notNow('not yet', after) : true) })],
  });
  const { client } = world.user({ id: 'ada' });
  const room = client.room('slow');
  await world.advance(wait - 200);
  expect([joins, room.status, room.error?.code]).toEqual([1, 'joining', 'unavailable']);
  await world.advance(1_000);
  expect([joins, room.status, room.error]).toEqual([2, 'joined', null]);
});
