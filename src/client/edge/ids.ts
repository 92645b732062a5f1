// Random ids and keys.

// Random bytes for many ids: a request for a few bytes costs the platform as much as one for a hundred.
let pool = new Uint8Array(0);

/**
 * Returns an id with 5 random bits in each character, from the platform's cryptographic source. Throws a `TypeError`
 * if there is none.
 */
export function randomId(characters: number): string {
  if (pool.length < characters) {
    if (typeof crypto === 'undefined')
      throw new TypeError('no global crypto: import react-native-get-random-values first');
    pool = crypto.getRandomValues(new Uint8Array(1_024));
  }
  let id = '';
  for (const byte of pool.subarray(0, characters)) id += (byte & 31).toString(32);
  pool = pool.subarray(characters);
  return id;
}
