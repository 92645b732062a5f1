// A value that is made when it is first asked for: what nobody looks at costs nothing.

/** `make`, called when its value is first asked for, and only then. What it throws, each later call throws too. */
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
