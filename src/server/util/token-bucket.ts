// How fast a connection may speak: a token bucket, which allows a burst and then a steady pace.

export interface TokenBucket {
  /** Takes a token. 0, or in how many ms there would be one. */
  take(now: number): number;
  /** Takes tokens that need not be there: those that come next are taken for them. */
  charge(tokens: number): void;
  /** Whether tokens were taken that are not there yet. */
  readonly isInDebt: boolean;
  /** Tokens a second. */
  readonly rate: number;
  /** How many found none since the bucket was last half full. */
  readonly refusedCount: number;
}

/** What a bucket owes at most, in seconds of its pace. */
const maxOwedSeconds = 8;

// A class: see lane.ts.
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
    // Whole ms: see server.ts.
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

/** Tokens come at `rate` a second, and as many as come in two seconds may be taken at once. */
export function createTokenBucket(rate: number, createdAt: number): TokenBucket {
  return new WholeMsTokenBucket(rate, createdAt);
}
