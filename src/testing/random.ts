// Random numbers, ids and digests that are the same for the same seed.

/** Returns Mulberry32 by Tommy Ettinger: evenly spread numbers from 0 to below 1, with 32 bits of state. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export const idsFrom =
  (random: () => number) =>
  (characters: number): string =>
    Array.from({ length: characters }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');

/** Returns the same 16 characters for the same text. It is fast, and protects no secret. */
export function testDigest(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const character of text)
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
