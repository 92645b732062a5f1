// Calls of what may fail, at once or later, where nobody waits for the outcome.
import type { MaybePromise } from './maybe-promise.js';

export type Guarded = (call: () => MaybePromise<void> | undefined) => void;

/** Runs a call, and reports what it throws or rejects with. Never throws. */
export const createGuarded =
  (failed: (error: unknown) => void): Guarded =>
  (call) => {
    try {
      const running = call();
      if (running instanceof Promise) running.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
