// The answer to what is refused, but for durable messages.
import { errorCodes } from '../../protocol/codes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame } from '../../protocol/frames.js';
import type { Answer, NotNow } from '../rooms/not-now.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Membership, Peer } from '../members/peer.js';
import type { FrameContext } from './context.js';

/** As many frames as one counts for whose operation is refused for good: it has cost the server the check, and brought nobody anything. */
export const refusalCost = 5;

/** A frame was refused for good: it was counted once as it was read. */
export const chargeRefusal = ({ bucket }: Peer): void => {
  bucket.charge(refusalCost - 1);
};

/** The operation failed. `after`: in how many ms it may be tried again. */
export function fail(
  peer: Peer,
  ref: number | string,
  code: string,
  reason: string,
  after: number | null = null,
): void {
  const mayRetry = Object.hasOwn(errorCodes, code) && errorCodes[code as keyof typeof errorCodes];
  if (!mayRetry) chargeRefusal(peer);
  queueFrame(peer, { type: 'error', ref, code, reason, after });
}

export function postpone(peer: Peer, ref: number | string, { notNow, reason, afterMs }: NotNow): void {
  fail(peer, ref, notNow, reason, afterMs);
}

/** Messages for which there should be tokens when a client goes on, so that it does not stop at each; no more than a full bucket holds. */
const resumeBurstOf = (rate: number): number => Math.min(256, rate * 2);

/** In how many ms one more would be let through, and how many a second from then on. */
export interface TooFast {
  readonly waitMs: number;
  readonly perSecond: number;
}

/** What a client is told whose frame came too fast. */
export const tooFastFor = (type: ClientFrame['type'], { waitMs, perSecond }: TooFast): NotNow => ({
  notNow: 'limited',
  reason: 'too fast',
  afterMs: Math.ceil(
    type === 'send' ? Math.max(waitMs, (resumeBurstOf(perSecond) * 1_000) / perSecond) : waitMs,
  ),
});

export const refuse = (peer: Peer, ref: number | string, answer: Exclude<Answer, 'yes'>): void => {
  if (answer === 'no') fail(peer, ref, 'rejected', 'not allowed');
  else postpone(peer, ref, answer);
};

/** Whether the room takes one more of a member's messages or changes now. If not, the member is told. */
export function isTaken(
  membership: Membership,
  type: 'broadcast' | 'presence',
  { monotonicNow }: FrameContext,
): boolean {
  const { roomRate, peer, room } = membership;
  const wait = roomRate.take(membership, monotonicNow());
  if (wait === 0) return true;
  postpone(peer, room, tooFastFor(type, { waitMs: wait, perSecond: roomRate.perSecond }));
  return false;
}

export const complain = (peer: Peer, ref: number | string, error: unknown): void => {
  if (!(error instanceof RealtimeError)) throw error;
  fail(peer, ref, error.code, error.message);
};
