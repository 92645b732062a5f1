// Calls of what may fail, at once or later, where nobody waits for the outcome.
import type { MaybePromise } from './maybe-promise.js';

export type GuardedCall = (call: () => MaybePromise<void> | undefined) => void;

/** Runs a call, and reports what it throws or rejects with. Never throws. */
export const createGuardedCall =
  (failed: (error: unknown) => void): GuardedCall =>
  (call) => {
    try {
      const pending = call();
      if (pending instanceof Promise) pending.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
