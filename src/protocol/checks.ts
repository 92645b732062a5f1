// The kinds of fields in frames: a check of an unknown value for each name.
import { maxRoomId, maxRoomIdBytes } from './limits.js';

export type Check = (value: unknown) => boolean;

const text = (value: unknown): value is string => typeof value === 'string';
/** Ids, tags, epochs, message types, codes: at most 256 characters. */
const id = (value: unknown): boolean => text(value) && value.length <= 256;
const count = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const time = (value: unknown): boolean => Number.isFinite(value);
const object = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
const bool = (value: unknown): boolean => typeof value === 'boolean';
const any = (): boolean => true;

export const maybe =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined || check(value);
const list =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return false;
    for (const item of value) if (!check(item)) return false;
    return true;
  };
/** An array that begins with these values. More may follow: a later minor version can append some. */
const tuple =
  (...checks: readonly Check[]): Check =>
  (value) => {
    if (!Array.isArray(value)) return false;
    for (let at = 0; at < checks.length; at++) if (!(checks[at] as Check)(value[at])) return false;
    return true;
  };

const user = (value: unknown): boolean => object(value) && text(value['id']);
const sender = tuple(id, maybe(user));
const member = tuple(id, maybe(user), any);
const entry = tuple(count, id, id, id, time, maybe(sender), id, count, any);

/**
 * Tells if a room id is short enough. The limits are those of the id as the app wrote it, before it was escaped. An
 * escape stands for one byte of UTF-8, and a byte from 80 to BF continues a character.
 */
function isShortEnough(id: string): boolean {
  if (id.length <= maxRoomId) return true;
  if (id.length > maxRoomIdBytes * 3) return false;
  const bytes = id.replace(/%[89AB][\dA-F]/gi, '\n').replace(/%[\dA-F]{2}/gi, 'x');
  return bytes.length <= maxRoomIdBytes && bytes.replaceAll('\n', '').length <= maxRoomId;
}

/** Characters that are safe in a key and in a log: no braces, globs, spaces or control characters. */
export const isRoomName = (value: string): boolean => /^[\w.:@/%-]+$/.test(value);

/** A room id: a name that is short enough. */
export const isRoomId = (value: unknown): value is string =>
  text(value) && isShortEnough(value) && isRoomName(value);

/** A message type: one to 256 characters. */
export const isMessageType = (value: unknown): value is string => id(value) && value !== '';

export const kinds: Readonly<Record<string, Check>> = {
  text,
  id,
  count,
  time,
  object,
  bool,
  any,
  user,
  sender,
  member,
  entry,
  integer: Number.isSafeInteger,
  room: isRoomId,
  ref: (value) => text(value) || Number.isSafeInteger(value),
  position: tuple(id, count, id),
  ids: list(id),
  entries: list(entry),
  members: list(member),
  changes: list(tuple(id, object)),
  receipts: list(tuple(count, maybe(count), time, bool, any, maybe(id))),
  heartbeat: tuple(count, count),
  // The limits that a client keeps to. A later version may state more.
  limits: (value) =>
    object(value) && ['frame', 'window', 'history', 'presence'].every((name) => count(value[name])),
};

/** The kinds above, and those of fields that only a client sends. */
export const clientChecks: Readonly<Record<string, Check>> = /* @__PURE__ */ Object.assign({}, kinds, {
  /** An id or a message type that is not empty. */
  name: (value: unknown) => id(value) && value !== '',
  /** A seq or a version, counted from 1. */
  number: (value: unknown) => count(value) && value !== 0,
  /** A payload. Null is allowed, a missing field is not. */
  payload: (value: unknown) => value !== undefined,
});
