// A bound on how long the server waits for an answer.
import { toMaybePromise, type MaybePromise } from './maybe-promise.js';
import type { SetTimer } from './set-timer.js';

/** The answer took longer than the server waits for it. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** The answer. Rejects with {@link TimedOut} if it takes longer than `timeoutMs`. */
export function inTime<T>(answer: MaybePromise<T>, timeoutMs: number, setTimer: SetTimer): MaybePromise<T> {
  const pending = toMaybePromise(answer);
  if (!(pending instanceof Promise)) return pending;
  return new Promise((resolve, reject) => {
    const cancel = setTimer(timeoutMs, () => {
      reject(new TimedOut(`no answer within ${timeoutMs} ms`));
    });
    pending.then(resolve, reject).finally(cancel);
  });
}
