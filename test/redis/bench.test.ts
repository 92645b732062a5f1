// The benchmark of many nodes runs through, whatever its figures are here.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { noRedis } from '../support/redis.js';

interface Report {
  readonly bench: string;
  readonly results: readonly { readonly kind: string; readonly messagesPerSecond: { readonly median: number }; readonly connectionCut: Loss; readonly redisConnectionsCut: Loss }[];
  readonly ratios: Readonly<Record<string, number>>;
}

interface Loss {
  readonly sent: number;
  readonly lost: number;
  readonly twice: number;
}

test.skipIf(noRedis)('npm run bench -- cluster: every peer passes messages on, and a durable message is neither lost nor doubled', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/run.mjs', 'cluster', '--quick', '--json'], { timeout: 110_000 });
  const { bench, results, ratios } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Report;
  expect(bench).toBe('cluster');
  expect(results.map(({ kind }) => kind)).toEqual(['socket.io-pubsub', 'socket.io-streams', 'roomful', 'roomful volatile']);
  for (const { messagesPerSecond, connectionCut, redisConnectionsCut } of results) expect(Math.min(messagesPerSecond.median, connectionCut.sent, redisConnectionsCut.sent)).toBeGreaterThan(0);
  expect(results[2]).toMatchObject({ connectionCut: { lost: 0, twice: 0 }, redisConnectionsCut: { lost: 0, twice: 0 } });
  expect(Object.keys(ratios)).toEqual(['roomful/socket.io-streams', 'roomful/socket.io-pubsub', 'roomful volatile/socket.io-streams', 'roomful volatile/socket.io-pubsub']);
}, 120_000);
