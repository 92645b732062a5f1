// How long to wait before the next attempt.
import type { Config } from '../model/context.js';

/** Most outages are a restart: while there may still be one, nobody waits longer than so many ms, … */
const patience = 4_000;
/** … which is for so many attempts. */
const hopeful = 10;

/**
 * Full jitter: a delay drawn evenly from 0 to `min(max, initial · factorⁿ)`, the first retry included, so that the clients of a fallen server do not
 * come back in step. (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.) The first ten are drawn from 4 s at most. `spread`: in ms, where the server said that
 * many come back with us; the first is drawn from at least that, the later ones from twice as much, since whoever failed meets those who have not tried yet.
 */
export function backoff(
  failures: number,
  random: () => number,
  { initial, max, factor }: Config['backoff'],
  spread: number,
): number {
  const grown = initial * factor ** failures;
  const most = failures < hopeful ? Math.min(grown, Math.max(initial, patience)) : grown;
  return random() * Math.min(max, Math.max(spread * (failures ? 2 : 1), most));
}
