// How long the client waits before the next attempt.
import type { Config } from '../model/context.js';

/** Most outages are a restart of the server. While it may still be one, no delay is longer than this. */
const maxEarlyDelayMs = 4_000;
/** The number of failures after which the outage is no restart. */
const earlyFailures = 10;

/**
 * Full jitter: a delay drawn evenly from 0 to `min(max, initial · factorⁿ)`, the first retry included, so that the
 * clients of a fallen server do not come back in step. (Marc Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015.) The first ten delays are drawn from 4 s at most.
 *
 * `returnSpread`: the time in ms over which the server's clients come back, if the server said so. The first delay is
 * drawn from at least that time. Later delays are drawn from twice as much, because a client that failed meets clients
 * that have not tried yet.
 */
export function backoffDelay(
  failures: number,
  random: () => number,
  { initial, max, factor }: Config['backoff'],
  returnSpread: number,
): number {
  const grown = initial * factor ** failures;
  const limited = failures < earlyFailures ? Math.min(grown, Math.max(initial, maxEarlyDelayMs)) : grown;
  return random() * Math.min(max, Math.max(returnSpread * (failures ? 2 : 1), limited));
}
