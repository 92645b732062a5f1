// A list that keeps its newest items only.

export interface Ring<T> {
  push(item: T): void;
  /** Oldest first. */
  all(): readonly T[];
  clear(): void;
}

export function createRing<T>(size: number): Ring<T> {
  let items: T[] = [];
  return {
    push(item) {
      items.push(item);
      // The list is cut only when it has doubled, so that a push costs next to nothing.
      if (items.length >= size * 2) items = items.slice(-size);
    },
    all: () => items.slice(-size),
    clear() {
      items = [];
    },
  };
}
