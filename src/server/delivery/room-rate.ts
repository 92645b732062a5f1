// How fast a room may be spoken in on this node: by its members together, and by each of its users.
import type { ServerPorts } from '../ports/ports.js';
import { createBucket, type Bucket } from '../util/token-bucket.js';

/** What one user has left of a room's pace. It is kept for as long as it differs from that of somebody who was never there. */
export interface Share {
  /** Messages that the user may say, of those that are set aside for it. */
  tokens: number;
  at: number;
  /** The round in which it was used last, and the one in which its user spoke last. */
  round: number;
  spokeIn: number;
  /** How often the user may join. */
  joins: Bucket | null;
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

  private readonly remember: () => void;

  /** `remember`: called when there is something to remember. */
  constructor(rate: number, begun: number, remember: () => void = () => undefined) {
    this.rate = rate;
    this.remember = remember;
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
    const share = this.lastShare(speaker, now);
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
    const share = this.shareOf(speaker, now);
    const wait = (share.joins ??= createBucket(this.rate, now)).take(now);
    this.refill(now);
    if (wait === 0 && this.tokens >= 1 + this.rate) this.tokens--;
    return wait;
  }

  /** Forgets what is too old to matter. Whether nothing is left to remember. */
  forget(now: number): boolean {
    this.turn(Math.floor(now));
    return this.users === 0;
  }

  private refill(now: number): void {
    const { rate } = this;
    this.tokens = Math.min(rate * 2, this.tokens + ((now - this.at) * rate) / 1_000);
    this.at = now;
  }

  private turn(now: number): void {
    const past = now - this.roundAt;
    if (past < roundMs) return;
    const isNext = past < roundMs * 2;
    this.older = isNext ? this.shares : nobodies;
    this.olderSpeakers = isNext ? this.speakers : 0;
    this.shares = new Map();
    this.speakers = 0;
    this.roundAt = now;
    this.round++;
  }

  /** The share of a member that speaks: it need not be looked for twice in a round. */
  private lastShare(speaker: Speaker, now: number): Share {
    this.turn(now);
    return speaker.share?.round === this.round ? speaker.share : (speaker.share = this.shareOf(speaker, now));
  }

  private shareOf(speaker: Speaker, now: number): Share {
    this.turn(now);
    if (this.users === 0) this.remember();
    const key = keyOf(speaker);
    const share = this.shares.get(key) ??
      this.older.get(key) ?? {
        tokens: this.rate * 2,
        at: now,
        round: this.round,
        spokeIn: -1,
        joins: null,
      };
    if (this.older !== nobodies) this.older.delete(key);
    this.shares.set(key, share);
    share.round = this.round;
    return share;
  }
}

/** The paces of rooms on this node. */
export interface Paces {
  /** The pace of a room of which something is remembered, or a new one. */
  of(room: string, rate: number): Pace;
}

/** A pace remembers its users for longer than they are in the room: otherwise leaving and joining would make it anew. */
export function createPaces({ after, steady }: Pick<ServerPorts, 'after' | 'steady'>): Paces {
  const paces = new Map<string, Pace>();
  let isArmed = false;

  const arm = (): void => {
    if (isArmed) return;
    isArmed = true;
    after(roundMs * 2, () => {
      isArmed = false;
      for (const [room, pace] of paces) if (pace.forget(steady())) paces.delete(room);
      if (paces.size > 0) arm();
    });
  };

  return {
    of(room, rate) {
      const known = paces.get(room);
      if (known) return known;
      const pace = new Pace(rate, steady(), () => {
        paces.set(room, pace);
        arm();
      });
      return pace;
    },
  };
}
