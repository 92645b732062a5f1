// Waits for what real processes and sockets bring about.
import { vi } from 'vitest';

/**
 * How long a failure takes, in ms. It is no bound on the code under test: it ends just before the runner's own bound of
 * 120 s, so that the runner prints the assertion that did not come true.
 */
const failsAfterMs = 110_000;

/** Resolves with what `look` returns once it does not throw. Rejects with what it threw last. */
export const eventually = <T>(look: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: failsAfterMs, interval: 10 });
