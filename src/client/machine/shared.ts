// Identity is what keeps components from rendering: a value that holds what the one before it held is the one before it.

/** What is all of its parts: not a date, nor an object of a class. */
const plain: readonly unknown[] = [Object.prototype, Array.prototype, Map.prototype, Set.prototype, null];

const isObject = (it: unknown): it is object => typeof it === 'object' && it !== null;

/** What a value holds, one level deep. */
function parts(it: object): readonly unknown[] {
  if (Array.isArray(it)) return it;
  return Symbol.iterator in it && !(it instanceof Map) ? Array.from(it as Iterable<unknown>) : (it instanceof Map ? Array.from(it) : Object.entries(it)).flat();
}

function alike(a: object, b: object): boolean {
  const kind: unknown = Object.getPrototypeOf(a);
  if (kind !== Object.getPrototypeOf(b) || !plain.includes(kind)) return false;
  const before = parts(a);
  const next = parts(b);
  return before.length === next.length && next.every((item, index) => Object.is(item, before[index]));
}

/** `next`, or `before` where the two are alike: arrays, maps, sets and plain objects, compared one level deep. */
export const shared = <T>(before: T | undefined, next: T): T => (before === next || (isObject(before) && isObject(next) && alike(before, next)) ? (before as T) : next);
