// A token bucket: a limit on how fast a connection or a network may go on, which allows a burst and then a
// steady rate.

export interface TokenBucket {
  /** Takes a token, and returns 0. If there is none, returns in how many ms there will be one. */
  take(now: number): number;
  /** Takes tokens that need not be there. Later tokens pay for them. */
  charge(tokens: number): void;
  /** Whether the bucket owes tokens. */
  readonly isInDebt: boolean;
  /** Tokens per second. */
  readonly rate: number;
  /** How many calls of `take` found no token since the bucket was last half full. */
  readonly refusedCount: number;
}

/** The most that a bucket owes, in seconds of its rate. */
const maxOwedSeconds = 8;

// A class, because ten thousand idle connections have one each: see connection/frame-queue.ts.
class WholeMsTokenBucket implements TokenBucket {
  refusedCount = 0;
  private tokens: number;
  readonly rate: number;
  private at: number;

  constructor(rate: number, createdAt: number) {
    this.rate = rate;
    this.at = Math.floor(createdAt);
    this.tokens = rate * 2;
  }

  get isInDebt(): boolean {
    return this.tokens < 0;
  }

  charge(tokens: number): void {
    this.tokens = Math.max(-this.rate * maxOwedSeconds, this.tokens - tokens);
  }

  take(now: number): number {
    const { rate } = this;
    // Whole ms: V8 allocates an object for each fraction that a connection keeps.
    const wholeNow = Math.floor(now);
    this.tokens = Math.min(rate * 2, this.tokens + ((wholeNow - this.at) * rate) / 1_000);
    this.at = wholeNow;
    if (this.tokens >= rate) this.refusedCount = 0;
    if (this.tokens >= 1) {
      this.tokens--;
      return 0;
    }
    this.refusedCount++;
    return ((1 - this.tokens) * 1_000) / rate;
  }
}

/** Makes a full bucket. It gets `rate` tokens per second, and holds as many as come in two seconds. */
export function createTokenBucket(rate: number, createdAt: number): TokenBucket {
  return new WholeMsTokenBucket(rate, createdAt);
}
