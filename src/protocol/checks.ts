// What a field may hold: predicates over `unknown`, from which the tables in frames.ts are built.
import { maxRoomId } from './limits.js';

export type Check = (it: unknown) => boolean;

/** Room ids: no braces, globs, spaces or controls, so that one is safe as a key and in a log. */
const roomId = /^[\w.:@/%-]+$/;

export const text = (it: unknown): it is string => typeof it === 'string';
/** Ids, tags, epochs, message types: at most 256 characters. Error codes are short texts too, since a newer server may have more of them. */
export const short = (it: unknown): it is string => text(it) && it.length <= 256;
export const code: Check = short;
export const bool = (it: unknown): it is boolean => typeof it === 'boolean';
export const integer = (it: unknown): it is number => Number.isSafeInteger(it);
export const count = (it: unknown): it is number => integer(it) && it >= 0;
/** A moment or a span in ms, fractions allowed. */
export const time = (it: unknown): it is number => typeof it === 'number' && Number.isFinite(it);
export const object = (it: unknown): it is Record<string, unknown> => typeof it === 'object' && it !== null && !Array.isArray(it) && !(it instanceof Uint8Array);
export const room = (it: unknown): it is string => text(it) && it.length <= maxRoomId && roomId.test(it);

export const maybe = (check: Check): Check => (it) => it === null || it === undefined || check(it);
export const list = (check: Check): Check => (it) => Array.isArray(it) && it.every(check);
/** An array that begins with these; more may follow, so that a later minor version can append. */
export const tuple = (...checks: readonly Check[]): Check => (it) => Array.isArray(it) && checks.every((check, index) => check(it[index]));
export const like = <T>(check: (it: unknown) => boolean): ((it: unknown) => it is T) => check as (it: unknown) => it is T;
export const position: Check = tuple(short, count, short);
