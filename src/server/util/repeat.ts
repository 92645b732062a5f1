// A timer that repeats, over the one timer that the server's ports have.
import type { SetTimer } from './set-timer.js';

/** Calls every `intervalMs`, for the first time after one interval, until the returned function is called. */
export function repeat(after: SetTimer, intervalMs: number, call: () => void): () => void {
  let cancel = after(intervalMs, ring);
  function ring(): void {
    cancel = after(intervalMs, ring);
    call();
  }
  return () => {
    cancel();
  };
}
