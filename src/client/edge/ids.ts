// Random ids and keys.

// Many bytes at a time: asking the platform for a few costs as much as for a hundred.
let pool = new Uint8Array(0);

/** `characters` times 5 random bits from the platform's cryptographic source. Throws a `TypeError` where there is none. */
export function randomId(characters: number): string {
  if (pool.length < characters) {
    if (typeof crypto === 'undefined')
      throw new TypeError('no crypto here: import react-native-get-random-values');
    pool = crypto.getRandomValues(new Uint8Array(1_024));
  }
  let id = '';
  for (const byte of pool.subarray(0, characters)) id += (byte & 31).toString(32);
  pool = pool.subarray(characters);
  return id;
}
