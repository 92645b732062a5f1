// Calls to a Redis whose connection breaks: what was on its way counts no more, and whoever waits is told at once.
import { expect, test } from 'vitest';
import { BrokerUnavailable } from '../../../../src/server/broker/broker.js';
import { createScriptRunner } from '../../../../src/server/node/redis/client/script-runner.js';
import type { RedisConnection } from '../../../../src/server/node/redis/client/port.js';
import { virtualClock } from '../../../../src/testing/clock.js';

function setup() {
  const clock = virtualClock();
  const sent: ((answer: unknown) => void)[] = [];
  const redis: RedisConnection = {
    isReady: () => true,
    connect: async () => undefined,
    command: () =>
      new Promise((resolve) => {
        sent.push(resolve);
      }),
    publish: async () => 0,
    load: async () => undefined,
    mayMissMessages: false,
    countsReceivers: true,
    subscribe: async () => undefined,
    unsubscribe: async () => undefined,
    close: () => undefined,
  };
  return {
    clock,
    sent,
    calls: createScriptRunner(redis, { monotonicNow: clock.now, setTimer: clock.after }),
  };
}

test('calls that a broken connection will not answer do not count as being on their way for ever', async () => {
  const { clock, sent, calls } = setup();
  for (let cut = 1; cut <= 5; cut++) {
    const asked = Array.from({ length: 10_000 }, () => calls.command('GET', 'key'));
    const failures = asked.map((it) => it.catch((error: unknown) => error));
    calls.connectionLost();
    for (const failure of await Promise.all(failures)) expect(failure).toBeInstanceOf(BrokerUnavailable);
    expect(sent).toHaveLength(cut * 10_000);
  }
  const last = calls.command('GET', 'key');
  sent.at(-1)?.('value');
  expect([await last, clock.pending]).toEqual(['value', 0]);
  // An answer that comes after all, to a call that was given up, changes nothing.
  sent[0]?.('late');
  expect(calls.isHealthy()).toBe(true);
});

test('no more than 20,000 calls are on their way at once', async () => {
  const { sent, calls } = setup();
  const asked = Array.from({ length: 20_001 }, () => calls.command('GET', 'key').catch(() => 'refused'));
  expect([await asked.at(-1), sent.length]).toEqual(['refused', 20_000]);
  for (const answer of sent) answer('value');
  expect(await asked[0]).toBe('value');
});
