// Identity is what keeps components from rendering: a value that holds what the one before it held is the one before it.

/** What is all of its parts: not a date, nor an object of a class. */
const plain: readonly unknown[] = [Object.prototype, Array.prototype, Map.prototype, Set.prototype, null];

const isObject = (it: unknown): it is object => typeof it === 'object' && it !== null;

/** What a map or a set holds, one level deep. */
const parts = (it: Iterable<unknown>): readonly unknown[] =>
  it instanceof Map ? Array.from(it).flat() : Array.from(it);

function alike(a: object, b: object): boolean {
  const kind: unknown = Object.getPrototypeOf(a);
  if (kind !== Object.getPrototypeOf(b) || !plain.includes(kind)) return false;
  if (Array.isArray(a)) {
    const other = b as unknown[];
    let at = a.length === other.length ? a.length : -1;
    while (at > 0 && Object.is(a[at - 1], other[at - 1])) at--;
    return at === 0;
  }
  if (Symbol.iterator in a) return alike(parts(a as Iterable<unknown>), parts(b as Iterable<unknown>));
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys)
    if (!Object.hasOwn(b, key) || !Object.is(a[key as never], b[key as never])) return false;
  return true;
}

/** `next`, or `before` where the two are alike: arrays, maps, sets and plain objects, compared one level deep. */
export const shared = <T>(before: T | undefined, next: T): T =>
  before === next || (isObject(before) && isObject(next) && alike(before, next)) ? (before as T) : next;
