// A timer that counts the time in which the page is awake.
import type { Clock } from '../edge/clock.js';

/**
 * The timer counts in parts of this length, in ms. A part in which the page slept, or was too busy to hear an answer,
 * counts as one part, however long it was.
 */
const partMs = 250;

/** Calls `call` after `delayMs` of awake time. Returns a function that stops the timer. */
export function afterAwake(clock: Clock, delayMs: number, call: () => void): () => void {
  let cancel: () => void = () => undefined;
  const wait = (leftMs: number): void => {
    cancel = clock.after(partMs, () => {
      if (leftMs > partMs) wait(leftMs - partMs);
      else call();
    });
  };
  wait(delayMs);
  return () => {
    cancel();
  };
}
