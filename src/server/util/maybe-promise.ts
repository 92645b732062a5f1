// Values that are there at once or later: where nothing has to be waited for, a chain of them costs no promise and no turn.

export type MaybePromise<T> = T | Promise<T>;

/** A thenable of whatever library or realm as a promise; anything else as it is. */
export function toMaybePromise<T>(value: MaybePromise<T> | PromiseLike<T>): MaybePromise<T> {
  if (value instanceof Promise) return value as Promise<T>;
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function'
    ? Promise.resolve(value)
    : (value as T);
}

/** What `step` makes of what `value` is, or becomes. */
export function thenMaybe<T, U>(
  value: MaybePromise<T>,
  step: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(step) : step(value);
}

/** What `call` gives, or what `failed` makes of what it throws, at once or later. */
export function tryMaybe<T>(call: () => MaybePromise<T>, failed: (error: unknown) => T): MaybePromise<T> {
  try {
    const value = call();
    return value instanceof Promise ? value.catch(failed) : value;
  } catch (error) {
    return failed(error);
  }
}
