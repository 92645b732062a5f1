// Room patterns: `chat/:id`, its parameters, and room ids made from it.
import { isRoomId, isRoomName } from '../protocol/checks.js';
import { maxRoomId, maxRoomIdBytes } from '../protocol/limits.js';
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
  /** Throws `invalid` where a parameter is missing. The id may be too long: see {@link checkRoomId}. */
  id(params: Readonly<Record<string, string>>): string;
  /** The parameters that make exactly this id; null where none do. */
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

/** The one name of the room that an id would be if its segments were parameters; null where they cannot be read. */
export function plainId(id: string): string | null {
  const segments = id.split('/').map((segment) => changed(segment, (it) => encode(decodeURIComponent(it))));
  return segments.includes(null) ? null : segments.join('/');
}

/** Whether an id escapes a character that needs no escape, or escapes one in small letters: then it is another name of a room that has one already. */
export const hasAlias = (id: string): boolean => {
  for (const [escape = '', hex = ''] of id.matchAll(/%([\dA-F]{2})/gi))
    if (escape !== escape.toUpperCase() || /[\w.-]/.test(String.fromCharCode(parseInt(hex, 16)))) return true;
  return false;
};

/** Throws `invalid` where a room id is too long. */
export function checkRoomId(id: string): string {
  if (!isRoomId(id))
    throw new RealtimeError(
      'invalid',
      `A room id is too long: at most ${maxRoomId} characters, ${maxRoomIdBytes} bytes`,
    );
  return id;
}

/** Throws a `TypeError` where the pattern could never be a room id. */
export function compilePattern(pattern: string): PatternMatcher {
  const parts = pattern.split('/');
  const names = parts.flatMap((part) => (part.startsWith(':') ? [part.slice(1)] : []));
  const literal = parts.map((part) => (part.startsWith(':') ? 'x' : part)).join('/');
  if (
    !isRoomName(literal) ||
    parts.includes('') ||
    names.includes('') ||
    new Set(names).size !== names.length
  ) {
    throw new TypeError(
      `Room pattern '${pattern}': write letters, digits and _.:@%- joined by '/', a parameter as ':name', each name once`,
    );
  }
  const idOf = (params: Readonly<Record<string, string>>): string =>
    parts
      .map((part) => {
        if (!part.startsWith(':')) return part;
        const name = part.slice(1);
        const encoded = changed(params[name], encode);
        if (encoded === null)
          throw new RealtimeError(
            'invalid',
            `Room '${pattern}': the parameter '${name}' must be a text that is not empty`,
          );
        return encoded;
      })
      .join('/');
  return {
    id: idOf,
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
        // One room has one name: `%72ed` would give the parameter of `red`, and be a room beside it.
        if (value === null || encode(value) !== segment) return null;
        params[part.slice(1)] = value;
      }
      return { ...params };
    },
  };
}
