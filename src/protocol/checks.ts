// The kinds of fields that frames have: predicates over `unknown`, by name.
import { maxRoomId, maxRoomIdBytes } from './limits.js';

export type Check = (it: unknown) => boolean;

const text = (it: unknown): it is string => typeof it === 'string';
/** Ids, tags, epochs, message types, codes: at most 256 characters. */
const id = (it: unknown): boolean => text(it) && it.length <= 256;
const count = (it: unknown): boolean => Number.isSafeInteger(it) && (it as number) >= 0;
const time = (it: unknown): boolean => Number.isFinite(it);
const object = (it: unknown): it is Record<string, unknown> =>
  typeof it === 'object' && it !== null && !Array.isArray(it) && !(it instanceof Uint8Array);
const bool = (it: unknown): boolean => typeof it === 'boolean';
const any = (): boolean => true;

export const maybe =
  (check: Check): Check =>
  (it) =>
    it === null || it === undefined || check(it);
const list =
  (check: Check): Check =>
  (it) => {
    if (!Array.isArray(it)) return false;
    for (const item of it) if (!check(item)) return false;
    return true;
  };
/** An array that begins with these; more may follow, so that a later minor version can append. */
const tuple =
  (...checks: readonly Check[]): Check =>
  (it) => {
    if (!Array.isArray(it)) return false;
    for (let at = 0; at < checks.length; at++) if (!(checks[at] as Check)(it[at])) return false;
    return true;
  };

const user = (it: unknown): boolean => object(it) && text(it['id']);
const sender = tuple(id, maybe(user));
const member = tuple(id, maybe(user), any);
const entry = tuple(count, id, id, id, time, maybe(sender), id, count, any);

/** Whether an id is within the limits as it was written: an escape is one byte of UTF-8, and a character that needs several begins with the one byte that is no continuation. */
function fits(id: string): boolean {
  if (id.length <= maxRoomId) return true;
  if (id.length > maxRoomIdBytes * 3) return false;
  const bytes = id.replace(/%[89AB][\dA-F]/gi, '\n').replace(/%[\dA-F]{2}/gi, 'x');
  return bytes.length <= maxRoomIdBytes && bytes.replaceAll('\n', '').length <= maxRoomId;
}

/** No braces, globs, spaces or controls, so that one is safe as a key and in a log. */
export const isRoomName = (it: string): boolean => /^[\w.:@/%-]+$/.test(it);

/** A room id: a name that is not too long. */
export const isRoomId = (it: unknown): it is string => text(it) && fits(it) && isRoomName(it);

/** A message type: one to 256 characters. */
export const isMessageType = (it: unknown): it is string => id(it) && it !== '';

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
  ref: (it) => text(it) || Number.isSafeInteger(it),
  position: tuple(id, count, id),
  ids: list(id),
  entries: list(entry),
  members: list(member),
  changes: list(tuple(id, object)),
  receipts: list(tuple(count, maybe(count), time, bool, any, maybe(id))),
  heartbeat: tuple(count, count),
  // Those that a client goes by; a later version may state more.
  limits: (it) => object(it) && ['frame', 'window', 'history', 'presence'].every((name) => count(it[name])),
};

/** These, and the kinds of fields that only a client sends. */
export const clientChecks: Readonly<Record<string, Check>> = /* @__PURE__ */ Object.assign({}, kinds, {
  /** An id or a message type that names something. */
  name: (it: unknown) => id(it) && it !== '',
  /** A sequence number or a version: they count from 1. */
  number: (it: unknown) => count(it) && it !== 0,
  /** A payload: null is one, and a field that is missing is none. */
  payload: (it: unknown) => it !== undefined,
});
