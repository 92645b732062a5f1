// Every benchmark runs through once at a small size, whatever its figures are here. One after the other: the first installs what they are compared with.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { noRedis } from '../support/redis/redis.js';

interface Spread {
  readonly median: number;
}

interface Report<R> {
  readonly bench: string;
  readonly results: readonly R[];
  readonly ratios: Readonly<Record<string, number>>;
}

async function run<R, More = unknown>(name: string): Promise<Report<R> & More> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['bench/run.mjs', name, '--quick', '--json'],
    { timeout: 170_000, maxBuffer: 2 ** 26 },
  );
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Report<R> & More;
  expect(report.bench).toBe(name);
  return report;
}

/** The kinds that were run, each once. */
const kindsIn = (results: readonly { readonly kind: string }[]): readonly string[] => [
  ...new Set(results.map(({ kind }) => kind)),
];
const least = (spreads: readonly Spread[]): number => Math.min(...spreads.map(({ median }) => median));

describe('npm run bench --', { timeout: 180_000 }, () => {
  test('size: what each entry weighs, within its limit, and lighter than a service with its hooks', async () => {
    const { brotli, ratios } = await run<unknown, { readonly brotli: Readonly<Record<string, number>> }>(
      'size',
    );
    expect(Object.keys(brotli)).toEqual(['everything', 'usual', 'client', 'msgpack', 'indexeddb']);
    expect(Math.min(...Object.values(brotli))).toBeGreaterThan(0);
    expect(ratios['roomful/ably with its hooks']).toBeLessThan(1);
  });

  test('acks: every message that was sent is acknowledged', async () => {
    const { results, roundTrips, ratios } = await run<
      { readonly kind: string; readonly inFlight: number; readonly perSecond: Spread },
      { readonly roundTrips: readonly { readonly p50: Spread }[] }
    >('acks');
    expect(kindsIn(results)).toEqual(['ws echo', 'socket.io', 'roomful']);
    expect(results.filter(({ kind }) => kind === 'roomful').map(({ inFlight }) => inFlight)).toEqual([
      1, 64, 1_024,
    ]);
    expect(
      Math.min(least(results.map(({ perSecond }) => perSecond)), least(roundTrips.map(({ p50 }) => p50))),
    ).toBeGreaterThan(0);
    expect(Object.keys(ratios)).toEqual(['roomful/ws echo', 'roomful/socket.io']);
  });

  test('client: whatever holds them, all messages are shown, and no burst is committed more than once', async () => {
    const { results, ratios } = await run<{
      readonly kind: string;
      readonly components: number;
      readonly busy: Spread;
      readonly dropped: Spread;
      readonly commitsABurst: Spread;
    }>('client');
    const ours = results.filter(({ kind }) => kind.startsWith('roomful'));
    expect(ours.map(({ components }) => components)).toEqual([1, 100, 1_000, 0, 1, 100, 1_000]);
    for (const { dropped, commitsABurst } of ours)
      expect([dropped.median, Math.max(1, commitsABurst.median)]).toEqual([0, 1]);
    expect(least(results.map(({ busy }) => busy))).toBeGreaterThan(0);
    expect(Object.keys(ratios)).toContain('roomful/react-use-websocket');
  });

  test('codec: each payload, each way', async () => {
    const { results, ratios } = await run<{
      readonly payload: string;
      readonly way: string;
      readonly write: Spread;
      readonly read: Spread;
    }>('codec');
    expect(results).toHaveLength(24);
    expect(least(results.flatMap(({ write, read }) => [write, read]))).toBeGreaterThan(0);
    expect(ratios['roomful json/JSON, pointer move']).toBeGreaterThan(0);
  });

  test.skipIf(process.platform !== 'linux')('fanout: every load on every server', async () => {
    const { results, ratios } = await run<{
      readonly load: string;
      readonly kind: string;
      readonly deliveriesPerSecond: Spread;
    }>('fanout');
    expect(new Set(results.map(({ load }) => load)).size).toBe(8);
    expect(kindsIn(results)).toEqual(
      expect.arrayContaining([
        'ws',
        'ws-prebuilt',
        'ws-batched',
        'socket.io',
        'socket.io-msgpack',
        'roomful',
        'roomful durable',
      ]),
    );
    expect(least(results.map(({ deliveriesPerSecond }) => deliveriesPerSecond))).toBeGreaterThan(0);
    expect(Object.keys(ratios)).toContain('roomful/socket.io');
  });

  test('idle: every connection stays', async () => {
    const { results, ratios } = await run<{
      readonly kind: string;
      readonly resident: Spread;
      readonly lost: Spread;
    }>('idle');
    expect(kindsIn(results)).toEqual([
      'ws',
      'ws with heartbeat',
      'socket.io',
      'roomful, connected',
      'roomful',
    ]);
    for (const { lost } of results) expect(lost.median).toBe(0);
    expect(least(results.map(({ resident }) => resident))).toBeGreaterThan(0);
    expect(Object.keys(ratios)).toContain('roomful/ws');
  });

  test('resume: everybody comes back, and nobody lost, doubled or mixed up a message', async () => {
    const { results, ratios } = await run<{
      readonly kind: string;
      readonly lost: Spread;
      readonly twice: Spread;
      readonly misplaced: Spread;
    }>('resume');
    expect(kindsIn(results)).toEqual(['socket.io', 'partysocket by hand', 'roomful']);
    expect(results.at(-1)).toMatchObject({
      lost: { median: 0 },
      twice: { median: 0 },
      misplaced: { median: 0 },
    });
    expect(Object.keys(ratios)).toEqual(['roomful/socket.io', 'roomful/partysocket by hand']);
  });

  test.skipIf(process.platform !== 'linux')(
    'rooms: something is delivered at every point of every curve',
    async () => {
      const { results } = await run<{ readonly curve: string; readonly delivered: Spread }>('rooms');
      expect(results.map(({ curve }) => curve)).toEqual(
        ['rooms', 'rooms of one', 'members'].flatMap((curve) => [curve, curve, curve]),
      );
      expect(least(results.map(({ delivered }) => delivered))).toBeGreaterThan(0);
    },
  );

  test.skipIf(noRedis)(
    'cluster: every peer passes messages on, and a durable message is neither lost nor doubled',
    async () => {
      interface Loss {
        readonly sent: number;
        readonly lost: number;
        readonly twice: number;
      }
      const { results, ratios } = await run<{
        readonly kind: string;
        readonly messagesPerSecond: Spread;
        readonly connectionCut: Loss;
        readonly redisConnectionsCut: Loss;
      }>('cluster');
      expect(kindsIn(results)).toEqual([
        'socket.io-pubsub',
        'socket.io-streams',
        'roomful',
        'roomful volatile',
      ]);
      for (const { messagesPerSecond, connectionCut, redisConnectionsCut } of results)
        expect(
          Math.min(messagesPerSecond.median, connectionCut.sent, redisConnectionsCut.sent),
        ).toBeGreaterThan(0);
      expect(results[2]).toMatchObject({
        connectionCut: { lost: 0, twice: 0 },
        redisConnectionsCut: { lost: 0, twice: 0 },
      });
      expect(Object.keys(ratios)).toEqual([
        'roomful/socket.io-streams',
        'roomful/socket.io-pubsub',
        'roomful volatile/socket.io-streams',
        'roomful volatile/socket.io-pubsub',
      ]);
    },
  );
});
