// The stories of one process, told by two nodes over Redis: no test of theirs can tell.
import { afterAll, beforeAll, describe } from 'vitest';
import { scenarios } from '../contracts/scenarios.js';
import { redisHarness } from '../support/scenarios/redis-harness.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';

describe.skipIf(noRedis)('with Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  scenarios(
    'over two nodes and Redis',
    redisHarness(() => redis.port),
  );
});
