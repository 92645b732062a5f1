// What an event changed: paths into the state, with what was there before and after.
export interface Change {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Deeper than this, a value is shown whole. */
const deepest = 4;
/** As many as fit on a screen. */
const most = 40;

type Fields = ReadonlyMap<string, unknown>;

/** What a value is made of, where it is made of named parts. */
function fieldsOf(value: unknown): Fields | null {
  if (value instanceof Map)
    return new Map(Array.from(value as Map<unknown, unknown>, ([key, it]) => [String(key), it]));
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
    if (Object.is(was, is) || found.length >= most) return;
    const [old, now] = [fieldsOf(was), fieldsOf(is)];
    if (!old || !now || depth >= deepest) {
      found.push({ path, before: was, after: is });
      return;
    }
    for (const key of new Set([...old.keys(), ...now.keys()]))
      walk(path ? `${path}.${key}` : key, old.get(key), now.get(key), depth + 1);
  };
  walk('', before, after, 0);
  return found;
}
