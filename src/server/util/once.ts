// A value that is made when it is first asked for.

/**
 * Returns a function that calls `make` the first time, and returns the same value from then on. If `make`
 * throws, each call throws the same error.
 */
export function once<T>(make: () => T): () => T {
  let state: 'unmade' | 'made' | 'failed' = 'unmade';
  let value: T;
  let failure: unknown;
  return () => {
    if (state === 'made') return value;
    if (state === 'failed') throw failure;
    try {
      value = make();
      state = 'made';
      return value;
    } catch (error) {
      state = 'failed';
      throw (failure = error);
    }
  };
}
