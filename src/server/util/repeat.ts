// A timer that repeats.
import type { SetTimer } from './set-timer.js';

/**
 * Calls back every `intervalMs`, for the first time after one interval, until the returned function is
 * called.
 */
export function repeat(setTimer: SetTimer, intervalMs: number, callback: () => void): () => void {
  let cancel = setTimer(intervalMs, ringAgain);
  function ringAgain(): void {
    cancel = setTimer(intervalMs, ringAgain);
    callback();
  }
  return () => {
    cancel();
  };
}
