// Checks payloads: plain data that both codecs carry, and that a receiver can read safely.
import { maxDepth, maxItems } from './limits.js';
import { RealtimeError } from './error.js';

/** Keys that change an object's prototype if a receiver assigns them carelessly. */
export const poisonKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const utf8 = new TextEncoder();

/** Text that JSON writes with one byte for each character. Most text is like this, and its size needs no encoding. */
const unescapedText = /^[ !#-[\]-~]*$/;

/** Returns the bytes of a string in JSON, escapes included. */
const jsonBytes = (text: string): number =>
  unescapedText.test(text) ? text.length + 2 : utf8.encode(JSON.stringify(text)).length;

function refuse(path: string, why: string): never {
  throw new RealtimeError('invalid', `${path || 'the payload'} ${why}`);
}

/**
 * Copies a payload that was checked. Later changes of the app do not reach the copy, and the copy has no getters or
 * proxies.
 */
export function copyPayload(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copyPayload);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = copyPayload((value as Record<string, unknown>)[key]);
  return copy;
}

/**
 * Checks that a value is plain data: null, booleans, finite numbers, strings, `Uint8Array`, arrays and plain objects of
 * these, with at most 32 levels and 50,000 values. A key whose value is `undefined` is not sent. Returns about how many
 * bytes the value takes on the wire. Throws a {@link RealtimeError} `invalid` that names the place.
 */
export function checkPayload(value: unknown, path = ''): number {
  let items = 0;
  let bytes = 0;
  const walk = (item: unknown, at: string, depth: number): void => {
    if (++items > maxItems) refuse(path, `holds more than ${maxItems} values`);
    // The comma or bracket between two values.
    bytes++;
    switch (typeof item) {
      case 'string':
        bytes += jsonBytes(item);
        return;
      case 'boolean':
      case 'undefined':
        bytes += 4;
        return;
      case 'number':
        if (!Number.isFinite(item)) refuse(at, `is ${item}: neither codec carries item`);
        bytes += String(item).length;
        return;
      case 'object':
        break;
      default:
        refuse(at, `is a ${typeof item}: only plain data can be sent`);
    }
    if (item === null || item instanceof Uint8Array) {
      bytes += item === null ? 4 : Math.ceil(item.length * 1.34) + 8;
      return;
    }
    bytes += 2;
    if (depth >= maxDepth) refuse(at, `is nested deeper than ${maxDepth}`);
    if (Array.isArray(item)) {
      for (let index = 0; index < item.length; index++) walk(item[index], `${at}[${index}]`, depth + 1);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(item);
    if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
      const { constructor } = prototype as { readonly constructor?: { readonly name?: string } };
      refuse(at, `is a ${constructor?.name ?? 'class instance'}: only plain data can be sent`);
    }
    for (const key of Object.keys(item as object)) {
      if (poisonKeys.has(key)) refuse(at, `has the key ${key}, which is never sent`);
      bytes += jsonBytes(key) + 1;
      walk((item as Record<string, unknown>)[key], at ? `${at}.${key}` : key, depth + 1);
    }
  };
  walk(value, path, 0);
  return bytes;
}
