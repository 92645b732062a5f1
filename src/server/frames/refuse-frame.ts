// The answer to a frame that is refused, for now or for good.
import { errorCodes } from '../../protocol/codes.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Membership, Peer } from '../members/peer.js';
import type { Answer, NotNow } from '../rooms/not-now.js';
import { tooFast } from '../rooms/too-fast.js';

/** A refused frame counts as this many frames: the server has checked it, and it was of use to no one. */
export const refusalCost = 5;

/** Frames whose refusal the client is told. */
export type RefusableFrame = Extract<
  ClientFrame,
  { type: 'join' | 'send' | 'broadcast' | 'presence' | 'history' }
>;

/** Why a frame is refused. */
export interface FrameRefusal {
  readonly code: string;
  readonly reason: string;
  /** In how many ms the client may try again, or, for a gap, the last seq that the server has. Default null. */
  readonly after?: number | null;
  /** Details of a refused message. Default null. */
  readonly details?: unknown;
}

/** Charges a connection for a frame that was refused for good. The frame was counted once when it was read. */
export const chargeRefusal = ({ bucket }: Peer): void => {
  bucket.charge(refusalCost - 1);
};

const isFinal = (code: string): boolean =>
  !(Object.hasOwn(errorCodes, code) && errorCodes[code as keyof typeof errorCodes]);

/** Tells the client that a frame is refused. Any frame but a message is charged for if the refusal is final. */
export function refuseFrame(
  peer: Peer,
  frame: RefusableFrame,
  { code, reason, after = null, details = null }: FrameRefusal,
): void {
  if (frame.type === 'send') {
    queueFrame(peer, { type: 'nack', room: frame.room, seq: frame.seq, code, after, reason, details });
    return;
  }
  if (isFinal(code)) chargeRefusal(peer);
  const ref = frame.type === 'history' ? frame.ref : frame.room;
  queueFrame(peer, { type: 'error', ref, code, reason, after });
}

/** Tells the client that a frame is put off. */
export function putOffFrame(peer: Peer, frame: RefusableFrame, { notNow, reason, afterMs }: NotNow): void {
  refuseFrame(peer, frame, { code: notNow, reason, after: afterMs });
}

/** Tells the client that `authorize` did not allow a frame. */
export function refuseByAnswer(peer: Peer, frame: RefusableFrame, answer: Exclude<Answer, 'yes'>): void {
  if (answer === 'no') refuseFrame(peer, frame, { code: 'rejected', reason: 'not allowed' });
  else putOffFrame(peer, frame, answer);
}

/** Tells the client of a `RealtimeError`. Throws any other error again. */
export function refuseByError(peer: Peer, frame: RefusableFrame, error: unknown): void {
  if (!(error instanceof RealtimeError)) throw error;
  refuseFrame(peer, frame, { code: error.code, reason: error.message });
}

/** Tells the client that it is not in the room of its frame. */
export function refuseNotJoined(peer: Peer, frame: RefusableFrame, after: number | null = null): void {
  refuseFrame(peer, frame, { code: 'not-joined', reason: 'join the room first', after });
}

/** Takes a token of the room's rate for a frame. Returns false after telling the client that there is none. */
export function takeRoomToken(membership: Membership, frame: RefusableFrame, now: number): boolean {
  const { roomRate, peer } = membership;
  const waitMs = roomRate.take(membership, now);
  if (waitMs === 0) return true;
  putOffFrame(peer, frame, tooFast(frame.type, { waitMs, perSecond: roomRate.perSecond }));
  return false;
}
