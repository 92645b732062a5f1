// What a refused message is answered with: nothing of an exception, nothing that cannot be said, nothing large.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../../src/contract/define-room.js';
import { json } from '../../../src/protocol/codec.js';
import { RealtimeError } from '../../../src/protocol/error.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { clientTuple } from '../../../src/protocol/parse.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer } from '../../support/server/raw.js';

const secret = 'postgres://app:hunter2@db';
const circular = (): object => {
  const it: Record<string, unknown> = { secret };
  it['self'] = it;
  return it;
};
const getter = (): object =>
  Object.defineProperty({}, 'field', {
    enumerable: true,
    get() {
      throw new Error(secret);
    },
  });
/** What code may throw, or give as details, and no client may be told. */
const things: readonly (readonly [string, () => unknown])[] = [
  ['an exception with properties', () => Object.assign(new Error(secret), { config: { url: secret } })],
  ['a circular one', () => Object.assign(new Error(secret), circular())],
  ['functions and large numbers', () => ({ secret, call: () => 1, big: 10n })],
  ['a getter that throws', getter],
  ['a map', () => new Map([['secret', secret]])],
  ['a circular object', circular],
  ['what is too large', () => secret.repeat(1_000)],
];

async function answersTo(peer: RawPeer, type: string, data: unknown = { text: 'x' }): Promise<unknown[]> {
  await peer.say(
    { type: 'join', room: 'lobby', position: null, history: 0, presence: null },
    {
      type: 'send',
      room: 'lobby',
      seq: 1,
      id: 'x1',
      message: type,
      version: 1,
      data,
      follows: null,
    },
  );
  expect(peer.closed).toBeNull();
  expect(JSON.stringify(peer.frames)).not.toContain('hunter2');
  return peer.of('nack').map(({ seq, code, details }) => [seq, code, details]);
}

describe.each([json(), msgpack()])('over $name', (codec) => {
  test.each([...things, ['a plain object', () => ({ secret })] as const, ['a text', () => secret] as const])(
    'T38 P31 an upgrade that throws %s refuses the message once and for all, and tells nothing of it',
    async (_name, make) => {
      const lobby = defineRoom('lobby', {
        messages: {
          old: {
            version: 2,
            schema: z.object({ text: z.string() }),
            upgrade: {
              1: () => {
                throw make();
              },
            },
          },
        },
      });
      const world = rawWorld({ rooms: [serve(lobby)] });
      // The second one is of the same session, and sends the same message again.
      for (let time = 0; time < 2; time++) {
        const peer = world.peer(codec);
        await peer.hello();
        expect(await answersTo(peer, 'old')).toEqual([[1, 'invalid', null]]);
      }
    },
  );

  test.each(things)(
    'T38 P31 a handler that refuses with %s as details refuses without them',
    async (_name, make) => {
      const world = rawWorld({
        rooms: [
          serve('lobby', {
            on: {
              m() {
                throw new RealtimeError('rejected', 'no', make());
              },
            },
          }),
        ],
      });
      for (let time = 0; time < 2; time++) {
        const peer = world.peer(codec);
        await peer.hello();
        expect(await answersTo(peer, 'm')).toEqual([[1, 'rejected', null]]);
      }
    },
  );

  test('T38 a code that no client knows is a plain rejection', async () => {
    const world = rawWorld({
      rooms: [
        serve('lobby', {
          on: {
            m() {
              throw new RealtimeError('toString' as never, 'no', { a: 1 });
            },
          },
        }),
      ],
    });
    const peer = world.peer(codec);
    await peer.hello();
    expect(await answersTo(peer, 'm')).toEqual([[1, 'rejected', { a: 1 }]]);
  });

  test('T38 a list that does not fit is refused with 20 issues at most, whatever its size', async () => {
    const lobby = defineRoom('lobby', { messages: { list: z.array(z.number()) } });
    const world = rawWorld({ rooms: [serve(lobby)] });
    const peer = world.peer(codec);
    await peer.hello();
    const [[, code, details] = []] = (await answersTo(
      peer,
      'list',
      Array.from({ length: 10_000 }, () => 'x'),
    )) as (readonly [number, string, unknown[]])[];
    expect([code, details?.length]).toEqual(['invalid', 20]);
    expect(JSON.stringify(details).length).toBeLessThan(4_096);
  });
});

test('T38 a reason is cut at a character, within 1 KiB', async () => {
  const world = rawWorld({
    rooms: [serve('lobby', { on: { m: (_message, { reject }) => reject('規'.repeat(1_000)) } })],
  });
  const peer = world.peer();
  await peer.hello();
  await answersTo(peer, 'm');
  expect(peer.of('nack').map(({ reason }) => reason)).toEqual(['規'.repeat(341)]);
});

describe('T40 what is kept of a refusal', () => {
  /** Sends one message in two connections of a session: the second is told what was kept. */
  async function twice(details: unknown): Promise<unknown[]> {
    const world = rawWorld({
      rooms: [
        serve('lobby', {
          on: {
            m() {
              throw new RealtimeError('rejected', 'no', details);
            },
          },
        }),
      ],
    });
    const answers: unknown[] = [];
    for (let time = 0; time < 2; time++) {
      const peer = world.peer();
      await peer.hello();
      answers.push(...(await answersTo(peer, 'm')));
      expect(peer.of('nack')[0]?.reason).toBe('no');
    }
    return answers;
  }

  test('has its details where they are small', async () => {
    const details = { why: 'x'.repeat(400) };
    expect(await twice(details)).toEqual([
      [1, 'rejected', details],
      [1, 'rejected', details],
    ]);
  });

  test('has no larger details: these are told once', async () => {
    const details = { why: 'x'.repeat(600) };
    expect(await twice(details)).toEqual([
      [1, 'rejected', details],
      [1, 'rejected', null],
    ]);
  });

  test('is no more than a few times what was sent, however many issues a small message has', async () => {
    const lobby = defineRoom('lobby', { messages: { list: z.array(z.number()) } });
    const world = rawWorld({ rooms: [serve(lobby)] });
    const { broker } = world.core.settings;
    const peer = world.peer();
    await peer.hello();
    await peer.say({ type: 'join', room: 'lobby', position: null, history: 0, presence: null });
    let sent = 0;
    let kept = 0;
    for (let seq = 1; seq <= 500; seq++) {
      const frame = {
        type: 'send',
        room: 'lobby',
        seq,
        id: `x${seq}`,
        message: 'list',
        version: 1,
        data: Array.from({ length: 20 }, () => ''),
        follows: null,
      } as const;
      await peer.say(frame);
      sent += JSON.stringify(clientTuple(frame)).length;
      kept += JSON.stringify(
        await broker.recall('lobby', JSON.stringify(['ada', 'session-of-ada']), seq, `x${seq}`),
      ).length;
    }
    expect(peer.of('nack')).toHaveLength(500);
    expect(peer.of('nack')[0]?.details).toHaveLength(20);
    expect(kept).toBeLessThan(sent * 3);
  });
});

describe('a handler that throws a code', () => {
  async function setup(codes: readonly string[]) {
    const runs: number[] = [];
    const world = rawWorld({
      rooms: [
        serve('lobby', {
          on: {
            m() {
              const code = codes[runs.length];
              runs.push(world.clock.now());
              if (code) throw new RealtimeError(code as 'unavailable', 'the store is away');
            },
          },
        }),
      ],
    });
    const peer = world.peer();
    await peer.hello();
    await peer.say({ type: 'join', room: 'lobby', position: null, history: 0, presence: null });
    const say = (seq = 1): Promise<void> =>
      peer.say({
        type: 'send',
        room: 'lobby',
        seq,
        id: `x${seq}`,
        message: 'm',
        version: 1,
        data: 1,
        follows: null,
      });
    const nacks = (): unknown[] => peer.of('nack').map(({ code, after }) => [code, after]);
    return { world, peer, runs, say, nacks };
  }

  test.each(['unavailable', 'limited'])(
    'P31 "not now" by %s settles nothing: the message comes again, later each time, and the handler runs again',
    async (code) => {
      const { peer, runs, say, nacks } = await setup([...Array.from({ length: 9 }, () => code), '', code]);
      for (let time = 0; time < 9; time++) await say();
      expect(nacks()).toEqual(
        [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000].map((after) => ['unavailable', after]),
      );
      await say();
      expect([runs.length, peer.of('ack').length]).toEqual([10, 1]);
      // The next message begins anew.
      await say(2);
      expect(nacks().at(-1)).toEqual(['unavailable', 200]);
    },
  );

  test.each(['gap', 'not-joined', 'conflict', 'closed', 'in-doubt', 'aborted', 'overflow', 'unknown-type'])(
    'P31 that is not its own to say, %s, is a handler that failed: rejected for good, with a line in the log',
    async (code) => {
      const { world, peer, runs, say, nacks } = await setup([code]);
      await say();
      await say();
      expect([runs.length, nacks()]).toEqual([
        1,
        [
          ['rejected', null],
          ['rejected', null],
        ],
      ]);
      expect(peer.of('nack')[0]?.reason).toBe('the server failed to handle it');
      expect(world.logs.map(({ message }) => message)).toContain('a message handler threw');
    },
  );

  test.each(['rejected', 'invalid', 'denied', 'too-large'])(
    'P31 that is a refusal, %s, is told as it is',
    async (code) => {
      const { say, nacks } = await setup([code]);
      await say();
      expect(nacks()).toEqual([[code, null]]);
    },
  );
});
