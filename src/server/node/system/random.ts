// Random text, made of many bytes at a time: the system takes as long for a few bytes as for a thousand.
import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(4_096);
let used = pool.length;

/** Returns `bytes` random bytes as base64url, which are never returned again. */
export function randomText(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const from = used;
  used += bytes;
  return pool.toString('base64url', from, used);
}
