// How fast a connection may speak, and a room be spoken in: a token bucket, which allows a burst and then a steady pace.

export interface Bucket {
  /** Takes a token. 0, or in how many ms there would be one. */
  take(now: number): number;
  /** Tokens a second. */
  readonly rate: number;
  /** How many found none since the bucket was last half full. */
  readonly refused: number;
}

/** Tokens come at `rate` a second, and as many as come in two seconds may be taken at once. */
export function createBucket(rate: number, begun: number): Bucket {
  const most = rate * 2;
  let tokens = most;
  let at = begun;
  let refused = 0;
  return {
    rate,
    take(now) {
      tokens = Math.min(most, tokens + ((now - at) * rate) / 1_000);
      at = now;
      if (tokens >= most / 2) refused = 0;
      if (tokens >= 1) {
        tokens--;
        return 0;
      }
      refused++;
      return ((1 - tokens) * 1_000) / rate;
    },
    get refused() {
      return refused;
    },
  };
}
