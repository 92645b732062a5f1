// A client whose code of the connection comes late, comes after some failures, or never comes.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attemptsBy, type MakeAttempts } from '../../src/client/attempts.js';
import { createClientWith, type Client } from '../../src/client/client.js';
import { onMicrotask } from '../../src/client/edge/frame.js';
import type { Connect } from '../../src/client/edge/link.js';
import { attemptsLater } from '../../src/client/late-code.js';
import { idsFrom, seededRandom } from '../../src/testing/random.js';
import { serve } from '../../src/server/rooms/serve.js';
import { createServerCore } from '../../src/server/server.js';
import { createNetwork } from '../../src/testing/network.js';
import { virtualClock, type TestClock } from '../../src/testing/clock.js';
import { testDigest } from '../../src/testing/random.js';

let clock: TestClock;
let connect: Connect;
let loads: number;
let close: () => Promise<void>;
beforeEach(() => {
  clock = virtualClock();
  loads = 0;
  const random = seededRandom(5);
  const core = createServerCore(
    {
      rooms: [serve('line')],
      authenticate: ({ token }) => (token === null ? null : { id: token }),
      logger: { info() {}, warn() {}, error() {} },
    },
    {
      now: clock.now,
      monotonicNow: clock.now,
      setTimer: clock.after,
      atEndOfTurn: clock.soon,
      random,
      randomId: idsFrom(random),
      digest: testDigest,
    },
  );
  close = () => core.close();
  ({ connect } = createNetwork(clock, random, () => core));
});
afterEach(async () => {
  await close();
});

/** What a load does, by its number. */
type Load = (number: number) => Promise<void>;

function client(load: Load, options: Partial<Parameters<typeof createClientWith>[0]> = {}) {
  const errors: string[] = [];
  const random = seededRandom(3);
  const fetched = async (): Promise<MakeAttempts> => {
    await load(++loads);
    return attemptsBy(connect);
  };
  const made = createClientWith(
    {
      url: 'ws://test',
      token: 'ada',
      backoff: { initial: 100, max: 100 },
      logger: { warn: (message) => errors.push(message), error: (message) => errors.push(message) },
      ...options,
    },
    {
      clock,
      attempts: (host) => attemptsLater(fetched, host),
      signals: () => () => undefined,
      random,
      randomId: idsFrom(random),
      schedule: onMicrotask,
    },
  );
  made.connect();
  return { client: made, errors };
}

const after =
  (ms: number): Load =>
  () =>
    new Promise((resolve) => {
      clock.after(ms, resolve);
    });
const status = (it: Client): string => it.store.getState().connection.status;
const outcome = (sent: Promise<{ readonly offset: number | null }>): { value?: unknown } => {
  const it: { value?: unknown } = {};
  sent.then(
    ({ offset }) => (it.value = offset),
    ({ code }: { readonly code: string }) => (it.value = code),
  );
  return it;
};

test('code that comes seconds late: what is said meanwhile is shown as pending at once, and goes out in order', async () => {
  const { client: ada } = client(after(4_000));
  const room = ada.room('line');
  const sent = [room.send('say', 1), room.send('say', 2)].map(outcome);
  await clock.advance(100);
  expect([status(ada), ada.store.getState().outbox.pending.map(({ data }) => data)]).toEqual([
    'connecting',
    [1, 2],
  ]);
  await clock.advance(4_000);
  expect([status(ada), sent.map(({ value }) => value), loads]).toEqual(['connected', [1, 2], 1]);
  ada.close();
});

test('a time to live counts from the send, and not from the code', async () => {
  const { client: ada } = client(after(4_000));
  const sent = outcome(ada.room('line').send('say', 1, { ttl: 1_000 }));
  await clock.advance(1_100);
  expect(sent.value).toBe('expired');
  ada.close();
});

test('code that cannot be fetched three times is told of once, tried again after a backoff, and then works', async () => {
  const { client: ada, errors } = client(async (number) => {
    if (number <= 3) throw new TypeError('Failed to fetch dynamically imported module');
  });
  const sent = outcome(ada.room('line').send('say', 1));
  await clock.advance(2_000);
  expect([status(ada), sent.value, loads]).toEqual(['connected', 1, 4]);
  expect(errors).toEqual([
    expect.stringContaining('unavailable: the code of the connection could not be loaded'),
  ]);
  ada.close();
});

test('code that never comes: each attempt is given up in time, and close settles everything', async () => {
  const { client: ada } = client(() => new Promise(() => undefined), { connectTimeout: 1_000 });
  const sent = outcome(ada.room('line').send('say', 1));
  await clock.advance(5_000);
  expect(status(ada)).toMatch(/connecting|reconnecting/);
  expect(loads).toBeGreaterThan(2);
  ada.close();
  await clock.advance(0);
  expect([sent.value, status(ada)]).toEqual(['closed', 'closed']);
});

describe('a client that is closed before the code is there', () => {
  test('opens nothing', async () => {
    const { client: ada } = client(after(1_000));
    await clock.advance(100);
    ada.close();
    await clock.advance(10_000);
    expect([status(ada), loads]).toEqual(['closed', 1]);
  });

  test('and opened again connects once', async () => {
    const { client: ada } = client(after(1_000));
    await clock.advance(100);
    ada.close();
    ada.connect();
    const sent = outcome(ada.room('line').send('say', 1));
    await clock.advance(3_000);
    expect([status(ada), sent.value]).toEqual(['connected', 1]);
    ada.close();
  });
});

test('a message that is taken back before the code is there does not leave', async () => {
  const { client: ada } = client(after(1_000));
  const room = ada.room('line');
  const sent = [room.send('say', 1), room.send('say', 2)].map(outcome);
  await clock.advance(10);
  ada.discard(ada.store.getState().outbox.pending[0]?.id ?? '');
  await clock.advance(3_000);
  expect(sent.map(({ value }) => value)).toEqual(['aborted', 1]);
  ada.close();
});

test('the codecs are known once the code is there', async () => {
  const { client: ada } = client(after(1_000));
  const inspection = ada.inspect((event, step) => step(event));
  expect(inspection.codecs).toEqual([]);
  await clock.advance(2_000);
  expect(inspection.codecs.map(({ name }) => name)).toEqual(['json']);
  inspection.stop();
  ada.close();
});
