// Public keys from an address: fetched when they are needed, and where they cannot be had, not again for each token.
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';

/** How long no new attempt is made after two in a row that failed, in ms. */
const retryAfterMs = 5_000;

/** @param monotonicNow a clock in ms that nobody sets. */
export function createRemoteKeys(url: URL, monotonicNow: () => number): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(url);
  let retryAt = -Infinity;
  let failure: unknown;
  let failures = 0;

  /** A token of a key that is here is judged by it; of another key nothing can be said now. */
  const withoutFetching: JWTVerifyGetKey = async (header, token) => {
    const here = remote.fresh ? remote.jwks() : undefined;
    if (!here) throw failure;
    try {
      return await createLocalJWKSet(here)(header, token);
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
        // One that failed alone, as where a connection broke, is tried again at once.
        if (++failures > 1) retryAt = monotonicNow() + retryAfterMs;
      }
      throw error;
    }
  };
}
