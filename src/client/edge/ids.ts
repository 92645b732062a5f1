// Random ids and keys.

/** `characters` times 5 random bits from the platform's cryptographic source. */
export const randomId = (characters: number): string => Array.from(crypto.getRandomValues(new Uint8Array(characters)), (byte) => (byte & 31).toString(32)).join('');
