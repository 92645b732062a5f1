// Calls that may fail at once or later, and whose outcome no caller waits for.
import type { MaybePromise } from './maybe-promise.js';

export type GuardedCall = (call: () => MaybePromise<void> | undefined) => void;

/**
 * Makes a function that runs a call, and reports the error that it throws or rejects with. It never throws.
 */
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
