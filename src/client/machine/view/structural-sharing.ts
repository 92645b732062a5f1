// A value that equals the one before it is replaced by that one: its identity is what keeps a component from rendering.

/**
 * Prototypes of values that are equal when their keys or items are. A date is not one of them: it has no keys that
 * show its time.
 */
const plainPrototypes: readonly unknown[] = [
  Object.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  null,
];

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The parts of a map or a set, one level deep. */
const partsOf = (collection: Iterable<unknown>): readonly unknown[] =>
  collection instanceof Map ? Array.from(collection).flat() : Array.from(collection);

function isEqual(a: object, b: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(a);
  if (prototype !== Object.getPrototypeOf(b) || !plainPrototypes.includes(prototype)) return false;
  if (Array.isArray(a)) {
    const other = b as unknown[];
    let index = a.length === other.length ? a.length : -1;
    while (index > 0 && Object.is(a[index - 1], other[index - 1])) index--;
    return index === 0;
  }
  if (Symbol.iterator in a) return isEqual(partsOf(a as Iterable<unknown>), partsOf(b as Iterable<unknown>));
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys)
    if (!Object.hasOwn(b, key) || !Object.is(a[key as never], b[key as never])) return false;
  return true;
}

/** `before` if `next` equals it, else `next`. Arrays, maps, sets and plain objects are compared one level deep. */
export const reuseIfEqual = <T>(before: T | undefined, next: T): T =>
  before === next || (isObject(before) && isObject(next) && isEqual(before, next)) ? (before as T) : next;
