// What may be sent at all: plain data that both codecs carry whole, and that no receiver chokes on.
import { maxDepth, maxItems } from './limits.js';
import { RealtimeError } from './error.js';

/** Keys that turn into something else when a careless receiver assigns them. */
export const poisonKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const utf8 = new TextEncoder();

/** What JSON writes as it is, a byte a character: most text, and measured without being written. */
const ordinary = /^[ !#-[\]-~]*$/;

/** Bytes of a string as JSON writes it, escapes and all. */
const written = (text: string): number =>
  ordinary.test(text) ? text.length + 2 : utf8.encode(JSON.stringify(text)).length;

function refuse(path: string, why: string): never {
  throw new RealtimeError('invalid', `${path || 'the payload'} ${why}`);
}

/** A payload that was checked, as it is now: what the app changes later, and what stands in front of it, changes nothing here. */
export function copyPayload(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copyPayload);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = copyPayload((value as Record<string, unknown>)[key]);
  return copy;
}

/**
 * Checks that `value` is plain data: null, booleans, finite numbers, strings, `Uint8Array`, arrays and plain objects of these, at most 32 deep and
 * 50,000 values; `undefined` is left out. Throws a {@link RealtimeError} `invalid` that names the place. Returns about how many bytes it takes on the wire.
 */
export function checkPayload(value: unknown, path = ''): number {
  let items = 0;
  let bytes = 0;
  const walk = (it: unknown, at: string, depth: number): void => {
    if (++items > maxItems) refuse(path, `holds more than ${maxItems} values`);
    // What stands between two values.
    bytes++;
    switch (typeof it) {
      case 'string':
        bytes += written(it);
        return;
      case 'boolean':
      case 'undefined':
        bytes += 4;
        return;
      case 'number':
        if (!Number.isFinite(it)) refuse(at, `is ${it}: neither codec carries it`);
        bytes += String(it).length;
        return;
      case 'object':
        break;
      default:
        refuse(at, `is a ${typeof it}: only plain data can be sent`);
    }
    if (it === null || it instanceof Uint8Array) {
      bytes += it === null ? 4 : Math.ceil(it.length * 1.34) + 8;
      return;
    }
    bytes += 2;
    if (depth >= maxDepth) refuse(at, `is nested deeper than ${maxDepth}`);
    if (Array.isArray(it)) {
      for (let index = 0; index < it.length; index++) walk(it[index], `${at}[${index}]`, depth + 1);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(it);
    if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
      refuse(
        at,
        `is a ${(prototype as { constructor?: { name?: string } }).constructor?.name ?? 'class instance'}: only plain data can be sent`,
      );
    }
    for (const key of Object.keys(it as object)) {
      if (poisonKeys.has(key)) refuse(at, `has the key ${key}, which is never sent`);
      bytes += written(key) + 1;
      walk((it as Record<string, unknown>)[key], at ? `${at}.${key}` : key, depth + 1);
    }
  };
  walk(value, path, 0);
  return bytes;
}
