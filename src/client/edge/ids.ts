// Random ids and keys.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const pool = new Uint8Array(1_024);
let used = pool.length;

/** `characters` times 6 random bits from the platform's cryptographic source. */
export function randomId(characters: number): string {
  if (used + characters > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  let id = '';
  for (let at = used; at < used + characters; at++) id += alphabet[(pool[at] as number) & 63];
  used += characters;
  return id;
}
