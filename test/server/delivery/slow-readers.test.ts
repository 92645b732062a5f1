// T21: a reader that is slower than what happens costs bounded memory, misses nothing that the log has, and is no trouble to others.
import { describe, expect, test } from 'vitest';
import { defineRoom, type } from '../../../src/contract/index.js';
import { serve } from '../../../src/server/rooms/serve.js';
import type { SlowPolicy } from '../../../src/server/rooms/slow-policy.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const limit = 10_000;
const room = defineRoom('lobby', {
  messages: { m: type<string>() },
  presence: type<{ readonly at?: number }>(),
});
const join = (position: readonly [string, number, string] | null = null) =>
  ({ type: 'join', room: 'lobby', position, history: 0, presence: { at: 0 } }) as const;

interface Setup extends RawWorld {
  readonly slow: RawPeer;
  readonly good: RawPeer;
  /** The others say so many, of `size` characters each. */
  say(count: number, size?: number): Promise<void>;
}

async function setup(history = 10_000, slowly: SlowPolicy = 'drop'): Promise<Setup> {
  const world = rawWorld({
    rooms: [serve(room, { history: { limit: history }, slow: slowly })],
    buffer: limit,
  });
  const [slow, good] = [world.peer(), world.peer()];
  await slow.hello('slow', 'slow');
  await slow.say(join());
  await good.hello('good', 'good');
  await good.say(join());
  let seq = 0;
  return {
    ...world,
    slow,
    good,
    async say(count, size = 10) {
      for (let one = 0; one < count; one++)
        await good.say({
          type: 'send',
          room: 'lobby',
          seq: ++seq,
          id: `x${seq}`,
          message: 'm',
          version: 1,
          data: 'm'.repeat(size),
          follows: null,
        });
    },
  };
}
const offsets = (peer: RawPeer): number[] => peer.of('message').map(({ entry }) => entry[0]);
const through = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('P35 T21 a slow reader', () => {
  test('is told that it lags, is pushed nothing more, and gets all of it from the log as it reads', async () => {
    const { slow, good, say, clock } = await setup();
    slow.buffered = limit + 1;
    await say(2);
    expect(slow.of('lag')).toEqual([{ type: 'lag', room: 'lobby' }]);
    const before = offsets(slow).length;
    await say(50);
    expect(offsets(slow)).toHaveLength(before);
    expect(offsets(good)).toEqual(through(52));
    slow.buffered = 0;
    await clock.advance(1_000);
    expect(offsets(slow)).toEqual(through(52));
    // And it is live again.
    await say(1);
    expect(offsets(slow)).toEqual(through(53));
    expect(slow.of('lag')).toHaveLength(1);
  });

  test('is fed a portion at a time, and never more than it reads', async () => {
    const { slow, say, clock } = await setup();
    slow.buffered = limit + 1;
    await say(40, 1_000);
    const before = offsets(slow).length;
    slow.buffered = 0;
    await clock.advance(110);
    const first = offsets(slow).length - before;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(10);
    slow.buffered = limit;
    await clock.advance(1_000);
    expect(offsets(slow).length - before).toBe(first);
    slow.buffered = 0;
    await clock.advance(5_000);
    expect(offsets(slow)).toEqual(through(40));
  });

  test('hears what happens while it is fed in its place', async () => {
    const { slow, say, clock } = await setup();
    slow.buffered = limit + 1;
    await say(30, 1_000);
    slow.buffered = 0;
    for (let round = 0; round < 20; round++) {
      await clock.advance(60);
      await say(1, 1_000);
    }
    await clock.advance(5_000);
    expect(offsets(slow)).toEqual(through(50));
  });

  test('is told of a reset where the log has lost what it misses', async () => {
    const { slow, say, clock } = await setup(5);
    slow.buffered = limit + 1;
    await say(100);
    slow.buffered = 0;
    await clock.advance(200);
    expect(slow.of('reset')).toEqual([{ type: 'reset', room: 'lobby', why: 'trimmed' }]);
    const position = slow.of('joined')[0]?.position;
    if (!position) throw new Error('never joined');
    await slow.say(join(position));
    expect(slow.of('joined').at(-1)).toMatchObject({ recovered: false, why: 'trimmed' });
    await say(1);
    expect(offsets(slow).at(-1)).toBe(101);
  });

  test('has no broadcast kept for it, and of presence the newest', async () => {
    const { slow, good, peer, say, clock } = await setup();
    const guest = peer();
    await guest.hello('guest', 'guest');
    await guest.say(join());
    await clock.advance(100);
    slow.buffered = limit + 1;
    await say(2);
    const [broadcasts, presences] = [slow.of('broadcast').length, slow.of('presence').length];
    for (let at = 1; at <= 5; at++) {
      await good.say(
        { type: 'presence', room: 'lobby', patch: { at } },
        { type: 'broadcast', room: 'lobby', message: 'm', version: 1, data: 'x' },
      );
      await clock.advance(100);
    }
    guest.events.closed(1000);
    await clock.advance(100);
    slow.buffered = 0;
    await clock.advance(300);
    expect(slow.of('broadcast')).toHaveLength(broadcasts);
    const later = slow.of('presence').slice(presences);
    expect(later.flatMap(({ joined }) => joined).find(([, user]) => user?.id === 'good')?.[2]).toEqual({
      at: 5,
    });
    expect(later.flatMap(({ left }) => left)).toHaveLength(1);
  });

  test('that reads nothing for 30 s is closed with 4008, one that reads a little is not', async () => {
    const { slow, good, peer, say, clock } = await setup();
    const trickle = peer();
    await trickle.hello('trickle', 'trickle');
    await trickle.say(join());
    slow.buffered = limit + 1;
    trickle.buffered = limit + 1_000;
    await say(1);
    for (let second = 0; second < 31; second++) {
      await clock.advance(1_000);
      trickle.buffered -= 100;
      for (const it of [slow, trickle, good]) await it.say({ type: 'pong', time: 0 });
    }
    expect([slow.closed?.code, trickle.closed, good.closed]).toEqual([4008, null, null]);
  });

  test('for whom twice as much waits as may is closed with 4008', async () => {
    const { slow, good, say } = await setup();
    slow.buffered = limit * 2 + 1;
    await say(2);
    expect([slow.closed?.code, good.closed]).toEqual([4008, null]);
  });

  test('that comes back to a long log is given it as it reads, not all at once', async () => {
    const { peer, say, clock, slow, good } = await setup();
    const position = slow.of('joined')[0]?.position;
    if (!position) throw new Error('never joined');
    await say(400, 100);
    const back = peer();
    await back.hello('back', 'back');
    await back.say(join(position));
    const first = (back.of('joined')[0]?.messages.length ?? 0) + offsets(back).length;
    expect(first).toBeGreaterThan(200);
    expect(first).toBeLessThan(400);
    await say(1);
    await clock.advance(10_000);
    await say(1);
    expect([...(back.of('joined')[0]?.messages ?? []).map(([offset]) => offset), ...offsets(back)]).toEqual(
      through(402),
    );
    expect(offsets(good)).toEqual(through(402));
  });
});

describe('T21 broadcasts that passed a slow reader by', () => {
  const broadcast = (message: string, data: string) =>
    ({ type: 'broadcast', room: 'lobby', message, version: 1, data }) as const;
  const heardOf = ({ of }: RawPeer): unknown[] => of('broadcast').map(({ data }) => data);
  const lobby = defineRoom('lobby', { messages: { m: type<string>(), n: type<string>() } });

  /** A slow reader, and what it hears of broadcasts once it reads. */
  async function passedBy(
    slow: SlowPolicy,
    count: number,
  ): Promise<{ readonly slow: RawPeer; readonly heard: readonly unknown[] }> {
    const world = rawWorld({ rooms: [serve(lobby, { slow })], buffer: limit });
    const [reader, one, two] = [world.peer(), world.peer(), world.peer()];
    for (const [index, peer] of [reader, one, two].entries()) {
      await peer.hello(`u${index}`, `s${index}`);
      await peer.say({ ...join(), presence: null });
    }
    reader.buffered = limit + 1;
    await one.say({
      type: 'send',
      room: 'lobby',
      seq: 1,
      id: 'x',
      message: 'm',
      version: 1,
      data: 'x',
      follows: null,
    });
    for (let at = 1; at <= count; at++) {
      await one.say(broadcast('m', `one m ${at}`), broadcast('n', `one n ${at}`));
      await two.say(broadcast('m', `two m ${at}`));
    }
    reader.buffered = 0;
    await world.clock.advance(300);
    const heard = heardOf(reader);
    await two.say(broadcast('m', 'live'));
    expect(heardOf(reader).slice(heard.length)).toEqual(slow === 'close' ? [] : ['live']);
    return { slow: reader, heard };
  }

  test('are dropped', async () => {
    expect((await passedBy('drop', 3)).heard).toEqual([]);
  });
  test('drop-oldest: the newest hundred come, in order', async () => {
    expect((await passedBy('drop-oldest', 2)).heard).toEqual([
      'one m 1',
      'one n 1',
      'two m 1',
      'one m 2',
      'one n 2',
      'two m 2',
    ]);
    const { heard } = await passedBy('drop-oldest', 50);
    expect([heard.length, heard[0], heard.at(-1)]).toEqual([100, 'two m 17', 'two m 50']);
  });
  test('coalesce: the newest of each sender and type comes', async () => {
    expect((await passedBy('coalesce', 5)).heard).toEqual(['one m 5', 'one n 5', 'two m 5']);
  });
  test('what is kept is bounded by what it costs, and one at least is', async () => {
    const world = await setup(10_000, 'drop-oldest');
    world.slow.buffered = limit + 1;
    await world.say(2);
    for (let at = 0; at < 20; at++) await world.good.say(broadcast('m', 'x'.repeat(30_000)));
    world.slow.buffered = 0;
    await world.clock.advance(300);
    expect(heardOf(world.slow).length).toBe(2);
  });
  test('close: the connection ends with 4008', async () => {
    expect((await passedBy('close', 1)).slow.closed).toEqual({ code: 4008, reason: 'too slow for lobby' });
  });
  test('while it is fed from the log come once', async () => {
    const world = await setup(10_000, 'drop-oldest');
    world.slow.buffered = limit + 1;
    await world.say(30, 1_000);
    await world.good.say(broadcast('m', 'early'));
    world.slow.buffered = 0;
    for (let round = 1; round <= 20; round++) {
      await world.clock.advance(60);
      await world.good.say(broadcast('m', `${round}`));
    }
    await world.clock.advance(5_000);
    expect(heardOf(world.slow)).toEqual(['early', ...through(20).map(String)]);
    expect(offsets(world.slow)).toEqual(through(30));
  });
});
