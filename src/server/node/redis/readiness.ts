// The checks before a server that keeps its rooms in Redis listens.
import { inTime, TimedOut } from '../../util/in-time.js';
import type { SetTimer } from '../../util/set-timer.js';
import type { RedisConnection } from './client/port.js';
import type { ScriptRunner } from './client/script-runner.js';

/** How long a client may take to connect before a server listens, in ms. */
const reachTimeoutMs = 10_000;

/** Connects a client that nobody connected. Rejects if Redis cannot be reached, or refuses the client. */
export async function reachRedis(redis: RedisConnection, setTimer: SetTimer): Promise<void> {
  try {
    await inTime(redis.connect(), reachTimeoutMs, setTimer);
  } catch (error) {
    const reason =
      error instanceof TimedOut
        ? `Redis could not be reached within ${reachTimeoutMs} ms`
        : error instanceof Error
          ? error.message
          : 'Redis could not be reached';
    throw new Error(`redisBroker: ${reason}`, { cause: error });
  }
}

/** What Redis does when its memory is full. Null if it does not say: a hosted Redis may forbid the question. */
async function evictionPolicyOf(runner: ScriptRunner): Promise<string | null> {
  let answer: unknown;
  try {
    answer = await runner.command('CONFIG', 'GET', 'maxmemory-policy');
  } catch (error) {
    const { cause } = error as { readonly cause?: unknown };
    // Redis itself answered that it may not be asked. After any other error the policy is simply not known.
    if (cause instanceof Error && /^(?:NOPERM|ERR unknown|ERR .*not allowed)/i.test(cause.message))
      return null;
    throw error;
  }
  const policy = Array.isArray(answer)
    ? (answer as unknown[])[1]
    : (answer as Readonly<Record<string, unknown>> | null)?.['maxmemory-policy'];
  return typeof policy === 'string' ? policy : null;
}

/** Rejects if Redis forgets keys when its memory is full. */
export async function checkEviction(runner: ScriptRunner): Promise<void> {
  const policy = await evictionPolicyOf(runner);
  if (policy !== null && policy !== 'noeviction')
    throw new Error(
      `Redis evicts keys (maxmemory-policy ${policy}): set it to noeviction, or messages are lost`,
    );
}
