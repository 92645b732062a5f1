// How long to wait before the next attempt.
import type { Config } from './context.js';

/**
 * Full jitter: a delay drawn evenly from 0 to `min(max, initial · factorⁿ)`, the first retry included, so that the clients of a fallen server do not
 * come back in step. (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.) `spread`: at least that long, in ms, where the server said that many come back with us.
 */
export function backoff(failures: number, random: () => number, { initial, max, factor }: Config['backoff'], spread: number): number {
  return random() * Math.min(max, Math.max(spread, initial * factor ** failures));
}
