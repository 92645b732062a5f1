// Random text, made many bytes at a time: asking the system for a few costs as much as for a thousand.
import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(4_096);
let used = pool.length;

/** `bytes` random bytes as base64url. Given out once. */
export function randomText(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const from = used;
  used += bytes;
  return pool.toString('base64url', from, used);
}
