// What an app was promised: by a message's id, or by the number of a request for history.
import { RealtimeError } from '../protocol/error.js';
import { isFailure } from './machine/model/effects.js';
import type { Failure } from './machine/model/message.js';

interface Deferred {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: RealtimeError) => void;
  readonly promise: Promise<unknown>;
}

export const errorOf = ({ code, message, details }: Failure): RealtimeError =>
  new RealtimeError(code, message, details);

export interface Promises {
  make<T>(key: string | number): Promise<T>;
  settle(key: string | number, outcome: Parameters<typeof isFailure>[0]): void;
}

/** The rejection of a send also shows in `useOutbox` and in `useSend`: a caller that does not look at the promise must not end a Node process. */
export function unwatched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

export function createPromises(): Promises {
  const waiting = new Map<string | number, Deferred>();
  return {
    make<T>(key: string | number) {
      let resolve: Deferred['resolve'] = () => undefined;
      let reject: Deferred['reject'] = () => undefined;
      const promise = new Promise<T>((yes, no) => {
        resolve = yes as Deferred['resolve'];
        reject = no;
      });
      waiting.set(key, { resolve, reject, promise });
      return promise;
    },
    settle(key, outcome) {
      const deferred = waiting.get(key);
      waiting.delete(key);
      if (!deferred) return;
      if (!isFailure(outcome)) return deferred.resolve(outcome);
      // Only now: few fail, and to watch all that are sent would cost a promise each.
      if (typeof key === 'string') void unwatched(deferred.promise);
      deferred.reject(errorOf(outcome));
    },
  };
}
