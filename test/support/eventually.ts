// Waits for what real processes and sockets bring about, as long as a machine with other work may need.
import { vi } from 'vitest';

/** How long, in ms. What does come comes as early as it would; only a failure takes as long. */
const patience = 15_000;

/** Resolves with what `look` returns once it does not throw. Rejects with what it threw last. */
export const eventually = <T>(look: () => T | Promise<T>): Promise<T> => vi.waitFor(look, patience);
