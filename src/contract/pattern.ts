// Room patterns: `chat/:id`, its parameters, and room ids made from it.
import { isRoomId } from '../protocol/checks.js';
import { maxRoomId } from '../protocol/limits.js';
import { RealtimeError } from '../protocol/error.js';

/** The parameters of a pattern: `'chat/:id'` has `{ id: string }`. */
export type Params<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParamNames<Pattern>]: string };

type ParamNames<Pattern extends string> = Pattern extends `${infer Head}/${infer Rest}`
  ? ParamNames<Head> | ParamNames<Rest>
  : Pattern extends `:${infer Name}`
    ? Name
    : never;

export interface PatternMatcher {
  id(params: Readonly<Record<string, string>>): string;
  match(id: string): Readonly<Record<string, string>> | null;
}

/** Null where there is no text, or what is no text: half a surrogate pair, bytes that are not UTF-8. */
function changed(value: unknown, change: (value: string) => string): string | null {
  try {
    return typeof value === 'string' && value ? change(value) : null;
  } catch {
    return null;
  }
}

/** Escapes also what `encodeURIComponent` leaves, and room ids do not have. */
const encode = (value: string): string =>
  encodeURIComponent(value).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Throws a `TypeError` where the pattern could never be a room id. */
export function compilePattern(pattern: string): PatternMatcher {
  const parts = pattern.split('/');
  const names = parts.flatMap((part) => (part.startsWith(':') ? [part.slice(1)] : []));
  const literal = parts.map((part) => (part.startsWith(':') ? 'x' : part)).join('/');
  if (
    !isRoomId(literal) ||
    parts.includes('') ||
    names.includes('') ||
    new Set(names).size !== names.length
  ) {
    throw new TypeError(
      `Room pattern '${pattern}': write segments of letters, digits and _.:@%- joined by '/', a parameter as ':name', each name once`,
    );
  }
  return {
    id(params) {
      const id = parts
        .map((part) => {
          if (!part.startsWith(':')) return part;
          const name = part.slice(1);
          const encoded = changed(params[name], encode);
          if (encoded === null)
            throw new RealtimeError(
              'invalid',
              `Room '${pattern}': the parameter '${name}' must be a string of whole characters that is not empty`,
            );
          return encoded;
        })
        .join('/');
      if (id.length > maxRoomId)
        throw new RealtimeError(
          'invalid',
          `Room '${pattern}': the id is ${id.length} characters long, ${maxRoomId} are allowed`,
        );
      return id;
    },
    match(id) {
      const segments = id.split('/');
      if (segments.length !== parts.length) return null;
      const params: Record<string, string> = Object.create(null) as Record<string, string>;
      for (const [index, part] of parts.entries()) {
        const segment = segments[index] as string;
        if (!part.startsWith(':')) {
          if (part !== segment) return null;
          continue;
        }
        const value = changed(segment, decodeURIComponent);
        if (value === null) return null;
        params[part.slice(1)] = value;
      }
      return { ...params };
    },
  };
}
