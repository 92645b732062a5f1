// A bound on how long the server waits for an answer.
import { adopt, type MaybePromise } from './maybe-promise.js';
import type { SetTimer } from './set-timer.js';

/** The answer took longer than the server waits for it. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** The answer. Rejects with {@link TimedOut} if it takes longer than `timeoutMs`. */
export function inTime<T>(answer: MaybePromise<T>, timeoutMs: number, after: SetTimer): MaybePromise<T> {
  const adopted = adopt(answer);
  if (!(adopted instanceof Promise)) return adopted;
  return new Promise((resolve, reject) => {
    const cancel = after(timeoutMs, () => {
      reject(new TimedOut(`no answer within ${timeoutMs} ms`));
    });
    adopted.then(resolve, reject).finally(cancel);
  });
}
