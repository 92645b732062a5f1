// Dice that fall the same way for the same seed.

/** Mulberry32 by Tommy Ettinger: 32 bits of state, evenly spread, from 0 and below 1. */
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

/** No secret is kept by this: it only gives the same text for the same input, 16 characters long, at once. */
export function testDigest(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const character of text)
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
