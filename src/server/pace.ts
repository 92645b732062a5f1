// How fast a room may be spoken in on this node: by its members together, and by each of its users.
import { createBucket, type Bucket } from './rate.js';

/** What one user has left of a room's pace. It is kept for as long as it differs from that of somebody who was never there. */
export interface Share {
  /** Messages that the user may say, of those that are set aside for it. */
  tokens: number;
  at: number;
  /** The round in which it was used last, and the one in which its user spoke last. */
  round: number;
  spokeIn: number;
  /** How often the user may join. */
  readonly joins: Bucket;
}

/** A member that speaks. Its share is looked for again in each round. */
export interface Speaker {
  readonly peer: { readonly identity: { readonly user: { readonly id: string } | null } | null };
  readonly member: string;
  share: Share | null;
}

/** How long a round is, in ms. Who spoke in this round or the one before counts as one of those who share the pace; after as long, a share is whole again. */
const roundMs = 10_000;

const nobodies = new Map<string, Share>();

/** A user with several connections has one share; somebody who is nobody in particular has one for each session. */
const keyOf = ({ peer, member }: Speaker): string => {
  const user = peer.identity?.user;
  return user ? `user ${user.id}` : `member ${member}`;
};

// A class: see lane.ts.
export class Pace {
  /** Messages a second. */
  readonly rate: number;
  private tokens: number;
  private at: number;
  private round = 0;
  private roundAt: number;
  /** Shares that were used in this round, and those that were used in the one before and not since. */
  private shares = new Map<string, Share>();
  private older: Map<string, Share> = nobodies;
  /** How many users spoke in this round, and in the one before. */
  private speakers = 0;
  private olderSpeakers = 0;

  constructor(rate: number, begun: number) {
    this.rate = rate;
    this.tokens = rate * 2;
    this.at = this.roundAt = Math.floor(begun);
  }

  /** Users that spoke or joined lately. */
  get users(): number {
    return this.shares.size + this.older.size;
  }

  /**
   * Takes a token for something that a member says. 0, or in how many ms there would be one. A user that has
   * used up its share gets what the others leave: half of a full bucket is kept for those that have not.
   */
  take(speaker: Speaker, moment: number): number {
    const { rate } = this;
    const now = Math.floor(moment);
    const share = this.shareOf(speaker, now);
    this.refill(now);
    if (share.spokeIn !== this.round) {
      share.spokeIn = this.round;
      this.speakers++;
    }
    const { users } = this;
    // Somebody who has only joined may want to speak next.
    const fair = rate / Math.min(users, Math.max(this.speakers, this.olderSpeakers) + 1);
    share.tokens = Math.min(Math.max(1, fair * 2), share.tokens + ((now - share.at) * fair) / 1_000);
    share.at = now;
    const needed = share.tokens >= 1 || users === 1 ? 1 : 1 + rate;
    if (this.tokens >= needed) {
      this.tokens--;
      share.tokens = Math.max(0, share.tokens - 1);
      return 0;
    }
    const untilRoomHas = (count: number): number => ((count - this.tokens) * 1_000) / rate;
    if (needed === 1) return untilRoomHas(1);
    return Math.max(untilRoomHas(1), Math.min(untilRoomHas(needed), ((1 - share.tokens) * 1_000) / fair));
  }

  /**
   * Counts a join, and refuses one only where its user joins too often itself: after a restart everybody comes at
   * once. What is kept for those who say little is not spent by joins.
   */
  join(speaker: Speaker, moment: number): number {
    const now = Math.floor(moment);
    const wait = this.shareOf(speaker, now).joins.take(now);
    this.refill(now);
    if (wait === 0 && this.tokens >= 1 + this.rate) this.tokens--;
    return wait;
  }

  private refill(now: number): void {
    const { rate } = this;
    this.tokens = Math.min(rate * 2, this.tokens + ((now - this.at) * rate) / 1_000);
    this.at = now;
  }

  private shareOf(speaker: Speaker, now: number): Share {
    const past = now - this.roundAt;
    if (past >= roundMs) {
      this.older = past < roundMs * 2 ? this.shares : nobodies;
      this.shares = new Map();
      this.olderSpeakers = past < roundMs * 2 ? this.speakers : 0;
      this.speakers = 0;
      this.roundAt = now;
      this.round++;
    }
    if (speaker.share?.round === this.round) return speaker.share;
    const key = keyOf(speaker);
    const share = this.shares.get(key) ??
      this.older.get(key) ?? {
        tokens: this.rate * 2,
        at: now,
        round: this.round,
        spokeIn: -1,
        joins: createBucket(this.rate, now),
      };
    if (this.older !== nobodies) this.older.delete(key);
    this.shares.set(key, share);
    share.round = this.round;
    return (speaker.share = share);
  }
}

/** The paces of rooms in which nobody is at the moment, for as long as they remember something. */
export interface Paces {
  /** A pace that is kept for a room, or a new one. */
  of(room: string, rate: number, now: number): Pace;
  /** Nobody is in the room any more. */
  keep(room: string, pace: Pace, now: number): void;
}

export function createPaces(): Paces {
  let paces = new Map<string, Pace>();
  let older = new Map<string, Pace>();
  let turnedAt = -Infinity;

  const turn = (now: number): void => {
    if (now - turnedAt < roundMs) return;
    older = paces;
    paces = new Map();
    turnedAt = now;
  };
  const keep = (room: string, pace: Pace, now: number): void => {
    turn(now);
    paces.set(room, pace);
  };

  return {
    of(room, rate, now) {
      turn(now);
      const pace = paces.get(room) ?? older.get(room) ?? new Pace(rate, now);
      keep(room, pace, now);
      return pace;
    },
    keep,
  };
}
