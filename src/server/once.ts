// A value that is made when it is first asked for: what nobody looks at costs nothing.

/** `make`, called when its value is first asked for, and only then. What it throws, each later call throws too. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | { readonly error: unknown } | null = null;
  return () => {
    if (!made)
      try {
        made = { value: make() };
      } catch (error) {
        made = { error };
      }
    if ('error' in made) throw made.error;
    return made.value;
  };
}
