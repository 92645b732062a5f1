// Compares two states: the paths at which they differ, with both values.

export interface Change {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Below this depth, a value counts as a whole. */
const maxDepth = 4;
/** Changes that fit on a screen. */
const maxChanges = 40;

type Fields = ReadonlyMap<string, unknown>;

/** Returns the fields of an object or the entries of a map, and null for any other value. */
function fieldsOf(value: unknown): Fields | null {
  if (value instanceof Map)
    return new Map(Array.from(value as Map<unknown, unknown>, ([key, field]) => [String(key), field]));
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    ArrayBuffer.isView(value) ||
    value instanceof Set
  )
    return null;
  return new Map(Object.entries(value));
}

export function changesBetween(before: unknown, after: unknown): readonly Change[] {
  const found: Change[] = [];
  const walk = (path: string, was: unknown, is: unknown, depth: number): void => {
    if (Object.is(was, is) || found.length >= maxChanges) return;
    const [old, now] = [fieldsOf(was), fieldsOf(is)];
    if (!old || !now || depth >= maxDepth) {
      found.push({ path, before: was, after: is });
      return;
    }
    for (const key of new Set([...old.keys(), ...now.keys()]))
      walk(path ? `${path}.${key}` : key, old.get(key), now.get(key), depth + 1);
  };
  walk('', before, after, 0);
  return found;
}
