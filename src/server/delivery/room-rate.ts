// How fast a room may be spoken in on this node: by its members together, and by each of its users.
import type { ServerPorts } from '../ports/ports.js';
import { createTokenBucket, type TokenBucket } from '../util/token-bucket.js';

/** What one user has left of a room's pace. It is kept for as long as it differs from that of somebody who was never there. */
export interface UserShare {
  /** Messages that the user may say, of those that are set aside for it. */
  tokens: number;
  refilledAt: number;
  /** The round in which it was used last, and the one in which its user spoke last. */
  round: number;
  spokeIn: number;
  /** How often the user may join. */
  joins: TokenBucket | null;
}

/** A member that speaks. Its share is looked for again in each round. */
export interface Speaker {
  readonly peer: { readonly identity: { readonly user: { readonly id: string } | null } | null };
  readonly member: string;
  share: UserShare | null;
}

/** How long a round is, in ms. Who spoke in this round or the one before counts as one of those who share the pace; after as long, a share is whole again. */
const roundMs = 10_000;

const noShares = new Map<string, UserShare>();

/** A user with several connections has one share; somebody who is nobody in particular has one for each session. */
const shareKeyOf = ({ peer, member }: Speaker): string => {
  const user = peer.identity?.user;
  return user ? `user ${user.id}` : `member ${member}`;
};

// A class: see lane.ts.
export class RoomRate {
  /** Messages a second. */
  readonly perSecond: number;
  private tokens: number;
  private refilledAt: number;
  private round = 0;
  private roundAt: number;
  /** Shares that were used in this round, and those that were used in the one before and not since. */
  private shares = new Map<string, UserShare>();
  private olderShares: Map<string, UserShare> = noShares;
  /** How many users spoke in this round, and in the one before. */
  private speakers = 0;
  private olderSpeakers = 0;

  private readonly remember: () => void;

  /** `remember`: called when there is something to remember. */
  constructor(perSecond: number, createdAt: number, remember: () => void = () => undefined) {
    this.perSecond = perSecond;
    this.remember = remember;
    this.tokens = perSecond * 2;
    this.refilledAt = this.roundAt = Math.floor(createdAt);
  }

  /** Users that spoke or joined lately. */
  get users(): number {
    return this.shares.size + this.olderShares.size;
  }

  /**
   * Takes a token for something that a member says. 0, or in how many ms there would be one. A user that has
   * used up its share gets what the others leave: half of a full bucket is kept for those that have not.
   */
  take(speaker: Speaker, nowExact: number): number {
    const { perSecond } = this;
    const now = Math.floor(nowExact);
    const share = this.lastShare(speaker, now);
    this.refill(now);
    if (share.spokeIn !== this.round) {
      share.spokeIn = this.round;
      this.speakers++;
    }
    const { users } = this;
    // Somebody who has only joined may want to speak next.
    const fairRate = perSecond / Math.min(users, Math.max(this.speakers, this.olderSpeakers) + 1);
    share.tokens = Math.min(
      Math.max(1, fairRate * 2),
      share.tokens + ((now - share.refilledAt) * fairRate) / 1_000,
    );
    share.refilledAt = now;
    const needed = share.tokens >= 1 || users === 1 ? 1 : 1 + perSecond;
    if (this.tokens >= needed) {
      this.tokens--;
      share.tokens = Math.max(0, share.tokens - 1);
      return 0;
    }
    const untilRoomHas = (count: number): number => ((count - this.tokens) * 1_000) / perSecond;
    if (needed === 1) return untilRoomHas(1);
    return Math.max(untilRoomHas(1), Math.min(untilRoomHas(needed), ((1 - share.tokens) * 1_000) / fairRate));
  }

  /**
   * Counts a join, and refuses one only where its user joins too often itself: after a restart everybody comes at
   * once. What is kept for those who say little is not spent by joins.
   */
  join(speaker: Speaker, nowExact: number): number {
    const now = Math.floor(nowExact);
    const share = this.shareOf(speaker, now);
    const wait = (share.joins ??= createTokenBucket(this.perSecond, now)).take(now);
    this.refill(now);
    if (wait === 0 && this.tokens >= 1 + this.perSecond) this.tokens--;
    return wait;
  }

  /** Forgets what is too old to matter. Whether nothing is left to remember. */
  forget(now: number): boolean {
    this.turnRound(Math.floor(now));
    return this.users === 0;
  }

  private refill(now: number): void {
    const { perSecond } = this;
    this.tokens = Math.min(perSecond * 2, this.tokens + ((now - this.refilledAt) * perSecond) / 1_000);
    this.refilledAt = now;
  }

  private turnRound(now: number): void {
    const sinceRoundBegan = now - this.roundAt;
    if (sinceRoundBegan < roundMs) return;
    const isNext = sinceRoundBegan < roundMs * 2;
    this.olderShares = isNext ? this.shares : noShares;
    this.olderSpeakers = isNext ? this.speakers : 0;
    this.shares = new Map();
    this.speakers = 0;
    this.roundAt = now;
    this.round++;
  }

  /** The share of a member that speaks: it need not be looked for twice in a round. */
  private lastShare(speaker: Speaker, now: number): UserShare {
    this.turnRound(now);
    return speaker.share?.round === this.round ? speaker.share : (speaker.share = this.shareOf(speaker, now));
  }

  private shareOf(speaker: Speaker, now: number): UserShare {
    this.turnRound(now);
    if (this.users === 0) this.remember();
    const key = shareKeyOf(speaker);
    const share = this.shares.get(key) ??
      this.olderShares.get(key) ?? {
        tokens: this.perSecond * 2,
        refilledAt: now,
        round: this.round,
        spokeIn: -1,
        joins: null,
      };
    if (this.olderShares !== noShares) this.olderShares.delete(key);
    this.shares.set(key, share);
    share.round = this.round;
    return share;
  }
}

/** The paces of rooms on this node. */
export interface RoomRates {
  /** The pace of a room of which something is remembered, or a new one. */
  of(room: string, perSecond: number): RoomRate;
}

/** A pace remembers its users for longer than they are in the room: otherwise leaving and joining would make it anew. */
export function createRoomRates({
  setTimer,
  monotonicNow,
}: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>): RoomRates {
  const roomRates = new Map<string, RoomRate>();
  let isArmed = false;

  const armTimer = (): void => {
    if (isArmed) return;
    isArmed = true;
    setTimer(roundMs * 2, () => {
      isArmed = false;
      for (const [room, roomRate] of roomRates) if (roomRate.forget(monotonicNow())) roomRates.delete(room);
      if (roomRates.size > 0) armTimer();
    });
  };

  return {
    of(room, perSecond) {
      const known = roomRates.get(room);
      if (known) return known;
      const roomRate = new RoomRate(perSecond, monotonicNow(), () => {
        roomRates.set(room, roomRate);
        armTimer();
      });
      return roomRate;
    },
  };
}
