// T22: one line an event, whatever is in it, and no line that holds what proves who somebody is, or what they say.
import { describe, expect, test } from 'vitest';
import { createServerLog, escapeText, traceOf } from '../../../src/server/observe/log.js';
import { defineRoom } from '../../../src/contract/define-room.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { virtualClock } from '../../../src/testing/clock.js';
import { rawWorld } from '../../support/server/raw.js';

describe('T22 a text in a line', () => {
  test.each<readonly [string, string, string]>([
    ['line ends', 'a\r\nb\u2028c', 'a\\u000d\\u000ab\\u2028c'],
    ['colours of a terminal', '\u001b[31mred\u009b0m', '\\u001b[31mred\\u009b0m'],
    ['text turned around', 'user\u202eresu', 'user\\u202eresu'],
    ['halves of characters', 'a\ud800', 'a\\ud800'],
    ['whole characters', 'Zoë 😀', 'Zoë 😀'],
  ])('%s', (_, text, expected) => {
    expect(escapeText(text)).toBe(expected);
  });

  test('is cut at 200 characters', () => {
    expect(escapeText('x'.repeat(65_536))).toBe(`${'x'.repeat(200)}…`);
  });
});

describe('T22 many lines of one event', () => {
  const world = () => {
    const clock = virtualClock();
    const lines: [string, object][] = [];
    const log = createServerLog(
      {
        info: () => undefined,
        error: () => undefined,
        warn: (details, message) => {
          lines.push([message, details]);
        },
      },
      { setTimer: clock.after, monotonicNow: clock.now },
    );
    return { clock, lines, log };
  };

  test('are ten a second, and a count of the rest', async () => {
    const { clock, lines, log } = world();
    for (let at = 0; at < 1_000; at++) log.warn({ at }, 'flood');
    log.warn({}, 'another');
    expect(lines).toHaveLength(11);
    await clock.advance(1_000);
    expect(lines.at(-1)).toEqual(['flood', { more: 990, within: 1_000 }]);
    log.warn({ at: 1 }, 'flood');
    expect(lines.at(-1)).toEqual(['flood', { at: 1 }]);
    expect(clock.pending).toBe(0);
  });

  test('are all there where they are few', async () => {
    const { clock, lines, log } = world();
    for (let second = 0; second < 5; second++) {
      for (let at = 0; at < 10; at++) log.warn({}, 'few');
      await clock.advance(1_000);
    }
    expect(lines).toHaveLength(50);
  });

  test('a logger that throws, or lacks a level, harms nobody', () => {
    const log = createServerLog(
      {
        info: () => undefined,
        warn: () => {
          throw new Error('full');
        },
        error: () => undefined,
      },
      virtualClockPorts(),
    );
    expect(() => {
      log.warn({}, 'x');
      log.debug({}, 'x');
    }).not.toThrow();
  });
});

function virtualClockPorts(): Parameters<typeof createServerLog>[1] {
  const clock = virtualClock();
  return { setTimer: clock.after, monotonicNow: clock.now };
}

describe('T22 an exception', () => {
  test('is named with the place that threw it, and never quoted', () => {
    const trace = traceOf(
      Object.assign(new TypeError('token eyJh\n    at secret (payload)'), { code: 'E_CODE' }),
    );
    expect(trace).toMatchObject({
      error: 'TypeError',
      code: 'E_CODE',
      at: expect.stringContaining('log.test.ts') as string,
    });
    expect(JSON.stringify(trace)).not.toMatch(/eyJh|payload/);
    expect(traceOf('a text with a token')).toEqual({ error: 'string' });
    expect(traceOf(new Error(''))).toMatchObject({ at: expect.stringContaining('log.test.ts') as string });
  });
});

test('T2 T22 no token, session key or payload in any line, at any level', async () => {
  const marks = ['TOKEN-OF-ADA', 'SESSION-OF-ADA', 'PAYLOAD-OF-ADA'];
  const lines: string[] = [];
  const note = (details: object, message: string): void => {
    lines.push(JSON.stringify([details, message]));
  };
  const fail = (what: unknown): never => {
    throw new Error(`cannot do ${JSON.stringify(what)}`);
  };
  let broken = false;
  const world = rawWorld({
    logger: { debug: note, info: note, warn: note, error: note },
    authenticate: ({ token }) => (broken ? fail(token) : { id: 'ada' }),
    rooms: [
      serve('handled', { on: { post: (message) => fail(message.data) } }),
      serve('asked', { authorize: ({ action, data }) => (action === 'join' ? true : fail(data)) }),
      serve('plain'),
    ],
  });
  const [token, session, payload] = marks as [string, string, string];
  for (const room of ['handled', 'asked', 'plain']) {
    const peer = world.peer();
    await peer.hello(token, session);
    await peer.say({ type: 'join', room, position: null, history: 0, presence: null });
    await peer.say({
      type: 'send',
      room,
      seq: 1,
      id: 'x',
      message: 'post',
      version: 1,
      data: { payload },
      follows: null,
    });
    await peer.say(
      { type: 'broadcast', room, message: 'post', version: 1, data: payload },
      { type: 'presence', room, patch: { payload } },
    );
    await peer.sayRaw(JSON.stringify([payload, token]));
  }
  const { broker } = world.core.settings;
  Object.assign(broker, { append: fail, watermark: fail });
  const late = world.peer();
  await late.hello(token, session);
  await late.say({ type: 'join', room: 'plain', position: null, history: 0, presence: null });
  broken = true;
  await world.peer().hello(token, session);
  expect(lines.length).toBeGreaterThan(6);
  for (const mark of marks) expect(lines.filter((line) => line.includes(mark))).toEqual([]);
});

test('T22 what comes with a request cannot end a line', async () => {
  const world = rawWorld({ rooms: [], authenticate: () => ({ id: 'eve\r\n{"level":50,"msg":"forged"}' }) });
  const peer = world.peer(undefined, {
    origin: `https://x\u001b[2J\n${'x'.repeat(65_536)}`,
    address: '1.2.3.4\nforged',
  });
  await peer.hello();
  await peer.sayRaw('{');
  expect(world.logs).toHaveLength(1);
  expect(
    Object.values(world.logs[0]?.details ?? {}).filter(
      (it) => typeof it === 'string' && (/\p{Cc}/u.test(it) || it.length > 300),
    ),
  ).toEqual([]);
});

test('a schema of presence that throws says a line, without what it threw, and one that refuses says none', async () => {
  const presence = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => {
        const { name } = value as { readonly name: string };
        if (name === 'throws') throw new Error('a secret of the app');
        return name === 'fits' ? { value } : { issues: [{ message: 'no' }] };
      },
    },
  } as const;
  const world = rawWorld({ rooms: [serve(defineRoom('lobby', { presence }))] });
  for (const name of ['fits', 'does not fit', 'throws']) {
    const peer = world.peer();
    await peer.hello('ada', `session ${name}`);
    await peer.say({ type: 'join', room: 'lobby', position: null, history: 0, presence: { name } });
    expect([peer.of('joined').length, peer.of('error').length]).toEqual([1, name === 'fits' ? 0 : 1]);
  }
  const errors = world.logs.filter(({ level }) => level === 'error');
  expect(errors).toMatchObject([
    { message: 'a presence could not be checked', details: { room: 'lobby', error: 'Error' } },
  ]);
  expect(JSON.stringify(errors)).not.toContain('a secret of the app');
});
