// Public keys from an address. They are fetched when they are needed, and after failures not again for each
// token.
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';

/** How long no attempt is made after two failures in a row, in ms. */
const retryAfterMs = 5_000;

/** @param monotonicNow A clock in ms that nobody sets. */
export function createRemoteKeys(url: URL, monotonicNow: () => number): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(url);
  let retryAt = -Infinity;
  let failure: unknown;
  let failures = 0;

  /** A token whose key is here is checked with it. For any other key, the last failure is the answer. */
  const withoutFetching: JWTVerifyGetKey = async (header, token) => {
    const cachedKeys = remote.fresh ? remote.jwks() : undefined;
    if (!cachedKeys) throw failure;
    try {
      return await createLocalJWKSet(cachedKeys)(header, token);
    } catch (error) {
      throw error instanceof errors.JWKSNoMatchingKey ? failure : error;
    }
  };

  return async (header, token) => {
    if (monotonicNow() < retryAt) return withoutFetching(header, token);
    try {
      const key = await remote(header, token);
      failures = 0;
      return key;
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)) {
        failure = error;
        // A single failure, such as a connection that broke, is tried again at once.
        if (++failures > 1) retryAt = monotonicNow() + retryAfterMs;
      }
      throw error;
    }
  };
}
