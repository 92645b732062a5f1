// The promises that a client gave to the app: of messages by their id, of requests for history by their number.
import { RealtimeError } from '../../protocol/error.js';
import { isFailure } from '../machine/model/effects.js';
import type { Failure } from '../machine/model/message.js';

interface Deferred {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: RealtimeError) => void;
  readonly promise: Promise<unknown>;
}

export const errorOf = ({ code, message, details }: Failure): RealtimeError =>
  new RealtimeError(code, message, details);

export interface Promises {
  make<T>(key: string | number): Promise<T>;
  /** Resolves a promise, or rejects it where the outcome is a failure. */
  settle(key: string | number, outcome: Parameters<typeof isFailure>[0]): void;
}

/**
 * Lets a promise reject without ending a Node process that does not catch it. The app can see the rejection of a send
 * in `useOutbox` and `useSend` too.
 */
export function unwatched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

export function createPromises(): Promises {
  const pending = new Map<string | number, Deferred>();
  return {
    make<T>(key: string | number) {
      let resolve: Deferred['resolve'] = () => undefined;
      let reject: Deferred['reject'] = () => undefined;
      const promise = new Promise<T>((resolvePromise, rejectPromise) => {
        resolve = resolvePromise as Deferred['resolve'];
        reject = rejectPromise;
      });
      pending.set(key, { resolve, reject, promise });
      return promise;
    },
    settle(key, outcome) {
      const deferred = pending.get(key);
      pending.delete(key);
      if (!deferred) return;
      if (!isFailure(outcome)) return deferred.resolve(outcome);
      // Few messages fail. A handler for each promise when it is made would cost each message a second promise.
      if (typeof key === 'string') void unwatched(deferred.promise);
      deferred.reject(errorOf(outcome));
    },
  };
}
