// The rate limit of a room on one node: for all its members together, and a share for each user.
import type { ServerPorts } from '../ports/ports.js';
import { createTokenBucket, type TokenBucket } from '../util/token-bucket.js';

/**
 * The share of one user in a room's rate. It is kept for as long as it differs from the share of a new user.
 */
export interface UserShare {
  /** The messages that the user may send from its share. */
  tokens: number;
  refilledAt: number;
  /** The round in which the share was last used, and the round in which its user last sent something. */
  round: number;
  spokeIn: number;
  /** A limit on how often the user may join. */
  joins: TokenBucket | null;
}

/** A member that sends something. Its share is looked up once in each round. */
export interface Speaker {
  readonly peer: { readonly identity: { readonly user: { readonly id: string } | null } | null };
  readonly member: string;
  share: UserShare | null;
}

/**
 * The length of a round, in ms. Users who sent something in this round or the one before share the rate.
 * After as long, a share is full again.
 */
const roundMs = 10_000;

const noShares = new Map<string, UserShare>();

/** All connections of a user have one share. A session without a user has a share of its own. */
const shareKeyOf = ({ peer, member }: Speaker): string => {
  const user = peer.identity?.user;
  return user ? `user ${user.id}` : `member ${member}`;
};

// A class, because each room has one: see connection/frame-queue.ts.
export class RoomRate {
  /** Messages per second. */
  readonly perSecond: number;
  private tokens: number;
  private refilledAt: number;
  private round = 0;
  private roundAt: number;
  /** The shares that were used in this round, and those that were used in the round before and not since. */
  private shares = new Map<string, UserShare>();
  private olderShares: Map<string, UserShare> = noShares;
  /** How many users sent something in this round, and in the one before. */
  private speakers = 0;
  private olderSpeakers = 0;

  private readonly remember: () => void;

  /** `remember`: called when there is a share to remember. */
  constructor(perSecond: number, createdAt: number, remember: () => void = () => undefined) {
    this.perSecond = perSecond;
    this.remember = remember;
    this.tokens = perSecond * 2;
    this.refilledAt = this.roundAt = Math.floor(createdAt);
  }

  /** The number of users that sent something or joined lately. */
  get userCount(): number {
    return this.shares.size + this.olderShares.size;
  }

  /**
   * Takes a token for a message of a member, and returns 0. If there is none, returns in how many ms there
   * will be one.
   *
   * A user who has used up its share gets the tokens that the others leave: half of a full bucket is kept for
   * users who have not.
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
    const { userCount } = this;
    // A user who has only joined may want to send something next.
    const fairRate = perSecond / Math.min(userCount, Math.max(this.speakers, this.olderSpeakers) + 1);
    share.tokens = Math.min(
      Math.max(1, fairRate * 2),
      share.tokens + ((now - share.refilledAt) * fairRate) / 1_000,
    );
    share.refilledAt = now;
    const needed = share.tokens >= 1 || userCount === 1 ? 1 : 1 + perSecond;
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
   * Counts a join. Returns 0, or the ms to wait if the user joins too often. The room's rate refuses no join, because
   * all users come at once after a restart. A join takes no token that is kept for users who send little.
   */
  join(speaker: Speaker, nowExact: number): number {
    const now = Math.floor(nowExact);
    const share = this.shareOf(speaker, now);
    const waitMs = (share.joins ??= createTokenBucket(this.perSecond, now)).take(now);
    this.refill(now);
    if (waitMs === 0 && this.tokens >= 1 + this.perSecond) this.tokens--;
    return waitMs;
  }

  /** Forgets the shares that are full again. Returns whether none is left. */
  forget(now: number): boolean {
    this.turnRound(Math.floor(now));
    return this.userCount === 0;
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

  /** The share of a member. It is looked up once in a round. */
  private lastShare(speaker: Speaker, now: number): UserShare {
    this.turnRound(now);
    return speaker.share?.round === this.round ? speaker.share : (speaker.share = this.shareOf(speaker, now));
  }

  private shareOf(speaker: Speaker, now: number): UserShare {
    this.turnRound(now);
    if (this.userCount === 0) this.remember();
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

/** The rate limits of the rooms on this node. */
export interface RoomRates {
  /** The rate limit of a room, or a new one if none is remembered. */
  of(room: string, perSecond: number): RoomRate;
}

/**
 * Makes the rate limits. A limit outlives the room's members: otherwise a user could renew its share by
 * leaving and joining.
 */
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
