// Values that are there at once or later. A chain of values that are there at once costs no promise, and no
// turn of the event loop.

export type MaybePromise<T> = T | Promise<T>;

/** Turns a thenable of any library into a promise. Any other value is returned as it is. */
export function toMaybePromise<T>(value: MaybePromise<T> | PromiseLike<T>): MaybePromise<T> {
  if (value instanceof Promise) return value as Promise<T>;
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function'
    ? Promise.resolve(value)
    : (value as T);
}

/** Calls `step` with a value, at once or when it is there, and returns the result. */
export function thenMaybe<T, U>(
  value: MaybePromise<T>,
  step: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(step) : step(value);
}

/** Returns the result of `call`. If it throws or rejects, returns the result of `failed` instead. */
export function tryMaybe<T>(call: () => MaybePromise<T>, failed: (error: unknown) => T): MaybePromise<T> {
  try {
    const value = call();
    return value instanceof Promise ? value.catch(failed) : value;
  } catch (error) {
    return failed(error);
  }
}
