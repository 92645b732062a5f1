// Patterns of rooms, such as `chat/:id`: they make room ids from parameters, and parameters from room ids.
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
  /**
   * Returns the id for these parameters. Throws `invalid` if one is missing. The id may be too long: see {@link
   * checkRoomId}.
   */
  id(params: Readonly<Record<string, string>>): string;
  /** Returns the parameters that make exactly this id, or null. */
  match(id: string): Readonly<Record<string, string>> | null;
}

/**
 * Encodes or decodes a text. Returns null for a value that is not a text, for an empty one, and for one that cannot be
 * converted: half a surrogate pair, or bytes that are not UTF-8.
 */
function convertText(value: unknown, convert: (value: string) => string): string | null {
  try {
    return typeof value === 'string' && value ? convert(value) : null;
  } catch {
    return null;
  }
}

/** Escapes a parameter, including the characters that `encodeURIComponent` leaves and that room ids do not have. */
const encode = (value: string): string =>
  encodeURIComponent(value).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * Reads each segment of an id as a parameter, and returns the id that these parameters make; null if one cannot be
 * read.
 */
export function plainId(id: string): string | null {
  const segments = id
    .split('/')
    .map((segment) => convertText(segment, (text) => encode(decodeURIComponent(text))));
  return segments.includes(null) ? null : segments.join('/');
}

/**
 * Tells if an id is another spelling of a room's id: it escapes a character that needs no escape, or writes an escape
 * in small letters.
 */
export const hasAlias = (id: string): boolean => {
  for (const [escape = '', hex = ''] of id.matchAll(/%([\dA-F]{2})/gi))
    if (escape !== escape.toUpperCase() || /[\w.-]/.test(String.fromCharCode(parseInt(hex, 16)))) return true;
  return false;
};

/** Returns a room id. Throws `invalid` if it is too long. */
export function checkRoomId(id: string): string {
  if (!isRoomId(id))
    throw new RealtimeError(
      'invalid',
      `A room id is too long: at most ${maxRoomId} characters, ${maxRoomIdBytes} bytes`,
    );
  return id;
}

const patternRules = "write letters, digits and _.:@%- joined by '/', a parameter as ':name', each name once";

/** Throws a `TypeError` if no room id can have this pattern. */
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
    throw new TypeError(`Room pattern '${pattern}': ${patternRules}`);
  }
  const idOf = (params: Readonly<Record<string, string>>): string =>
    parts
      .map((part) => {
        if (!part.startsWith(':')) return part;
        const name = part.slice(1);
        const encoded = convertText(params[name], encode);
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
        const value = convertText(segment, decodeURIComponent);
        // `%72ed` would give the parameter of `red`. A room has one id, so only `red` matches.
        if (value === null || encode(value) !== segment) return null;
        params[part.slice(1)] = value;
      }
      return { ...params };
    },
  };
}
