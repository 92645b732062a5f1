// What `authorize` is asked about: parsed when a rule looks at it, and never for somebody who may not speak at all.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../../src/contract/define-room.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import { serve, type AuthorizeRequest } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const room = 'lobby';
const send = (data: unknown, seq = 1, message = 'm'): ClientFrame => ({
  type: 'send',
  room,
  seq,
  id: `x${seq}`,
  message,
  version: 1,
  data,
  follows: null,
});
const broadcast = (data: unknown, _seq = 1, message = 'm'): ClientFrame => ({
  type: 'broadcast',
  room,
  message,
  version: 1,
  data,
});
const presence = (data: unknown): ClientFrame => ({ type: 'presence', room, patch: data as object });

/** The operations that carry data, with the frame that carries it. */
const operations = [
  ['send', send],
  ['broadcast', broadcast],
  ['presence', presence],
] as const;

interface Setup extends RawWorld {
  /** How often a schema ran. */
  runs: number;
  readonly ada: RawPeer;
  codes(): unknown[];
}

/** Ada is in a room whose only schema counts its runs, takes `{ n: number }`, and adds `parsed` to it. */
async function setup(
  rule: (request: AuthorizeRequest) => boolean | Promise<boolean>,
  cache = 0,
  broughtAlong: unknown = null,
): Promise<Setup> {
  const schema = z
    .object({ n: z.number().optional() })
    .refine(() => ++self.runs)
    .transform((it) => ({ ...it, parsed: true }));
  const lobby = defineRoom(room, { messages: { m: schema, other: schema }, presence: schema });
  const world = rawWorld({ rooms: [serve(lobby, { authorize: rule, cache })] });
  const ada = world.peer();
  const self: Setup = {
    ...world,
    runs: 0,
    ada,
    codes: () => [...ada.of('nack'), ...ada.of('error')].map(({ code }) => code),
  };
  await ada.hello();
  await ada.say({ type: 'join', room, position: null, history: 0, presence: broughtAlong });
  return self;
}

describe.each(operations)('T39 the data of a %s', (action, frame) => {
  test('is not parsed where the user may not say it', async () => {
    const world = await setup((request) => request.action !== action);
    await world.ada.say(frame({ n: 1 }), frame({ n: 'x' }, 2));
    expect(world.codes()).toEqual(['rejected', 'rejected']);
    expect(world.runs).toBe(0);
  });

  test('is parsed once, however often the rule reads it, and before the rule sees it', async () => {
    const seen: unknown[] = [];
    const world = await setup((request) => {
      if (request.action === action) seen.push(request.data, request.data);
      return true;
    });
    await world.ada.say(frame({ n: 1 }));
    expect(seen).toEqual([
      { n: 1, parsed: true },
      { n: 1, parsed: true },
    ]);
    expect(seen[0]).toBe(seen[1]);
    expect([world.codes(), world.runs]).toEqual([[], 1]);
  });

  test('is parsed all the same where the rule allows it without a look', async () => {
    const world = await setup(() => true);
    await world.ada.say(frame({ n: 1 }), frame({ n: 'x' }, 2));
    expect(world.codes()).toEqual(['invalid']);
  });

  test.each<readonly [string, (read: () => unknown) => boolean | Promise<boolean>]>([
    ['fails by it', (read) => read() !== null],
    [
      'fails by it later',
      async (read) => {
        await Promise.resolve();
        return read() !== null;
      },
    ],
    [
      'allows it',
      (read) => {
        expect(read).toThrow('does not fit');
        return true;
      },
    ],
    [
      'refuses it',
      (read) => {
        expect(read).toThrow('does not fit');
        return false;
      },
    ],
    [
      'throws something else',
      (read) => {
        expect(read).toThrow('does not fit');
        throw new Error('the rule is broken');
      },
    ],
  ])('is refused as invalid where it does not fit, though a rule that reads it %s', async (_name, rule) => {
    const world = await setup((request) => request.action !== action || rule(() => request.data));
    await world.ada.say(frame({ n: 'x' }));
    expect(world.codes()).toEqual(['invalid']);
    expect(world.logs.map(({ message }) => message)).not.toContain('authorize threw');
  });

  test('that does not fit leaves no answer of the rule behind', async () => {
    let asked = 0;
    const world = await setup((request) => {
      if (request.action !== action) return true;
      asked++;
      return request.data !== null;
    }, 5_000);
    await world.ada.say(frame({ n: 'x' }), frame({ n: 1 }, 2), frame({ n: 2 }, 3));
    expect([world.codes(), asked]).toEqual([['invalid'], 2]);
  });

  test('is not parsed while a remembered answer refuses it, and is where a remembered answer allows it', async () => {
    let allows = false;
    const world = await setup((request) => request.action !== action || allows, 5_000);
    await world.ada.say(frame({ n: 'x' }), frame({ n: 'x' }, 2));
    expect([world.codes(), world.runs]).toEqual([['rejected', 'rejected'], 0]);
    allows = true;
    await world.clock.advance(5_000);
    await world.ada.say(frame({ n: 1 }, 3), frame({ n: 'x' }, 4));
    expect(world.codes().at(-1)).toBe('invalid');
  });
});

describe('T39 a presence that a join brings', () => {
  test('is not parsed where the user may not join', async () => {
    const world = await setup(() => false, 0, { n: 1 });
    expect([world.codes(), world.runs]).toEqual([['denied'], 0]);
  });

  test('is what the rule sees, parsed once', async () => {
    const seen: unknown[] = [];
    const world = await setup(
      ({ action, data }) => {
        seen.push([action, data]);
        return true;
      },
      0,
      { n: 1 },
    );
    expect(seen).toEqual([
      ['join', { n: 1, parsed: true }],
      ['presence', { n: 1, parsed: true }],
    ]);
    expect([world.codes(), world.runs]).toEqual([[], 1]);
  });

  test('and does not fit is nothing to the rule, and keeps nobody out', async () => {
    const seen: unknown[] = [];
    const world = await setup(
      ({ action, data }) => {
        seen.push([action, data]);
        return true;
      },
      0,
      { n: 'x' },
    );
    expect(seen).toEqual([['join', null]]);
    expect([world.codes(), world.ada.of('joined').length]).toEqual([['rejected'], 1]);
  });
});

test.each([
  ['send', send],
  ['broadcast', broadcast],
] as const)(
  'T39 a %s of a type or version that the contract does not have asks nobody',
  async (action, frame) => {
    let asked = 0;
    const world = await setup((request) => {
      if (request.action === action) asked++;
      return true;
    });
    await world.ada.say(frame({}, 1, 'none'), frame({}, 2, 'toString'), {
      ...frame({}, 3),
      version: 2,
    } as ClientFrame);
    expect([world.codes(), asked]).toEqual([['unknown-type', 'unknown-type', 'unknown-version'], 0]);
  },
);
