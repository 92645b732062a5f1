// Frames that come too fast, from one connection or into one room.
import type { ClientFrame } from '../../protocol/frames.js';
import type { Membership, Peer } from '../members/peer.js';
import { appendsSettled } from '../messages/pipelining.js';
import { askForResend } from '../messages/sequence.js';
import type { NotNow } from '../rooms/not-now.js';
import { tooFast, type ExceededRate } from '../rooms/too-fast.js';
import { thenMaybe, type MaybePromise } from '../util/maybe-promise.js';
import type { FrameContext } from './context.js';
import { dispatchFrame } from './dispatch.js';
import { putOffFrame } from './refuse-frame.js';

/**
 * Refuses a frame that came too fast (P7). The answer keeps its place: it comes after the answers to the
 * messages that are on their way to the broker.
 */
export function refuseTooFast(
  frame: ClientFrame,
  peer: Peer,
  rate: ExceededRate,
  context: FrameContext,
): MaybePromise<void> {
  return thenMaybe(appendsSettled(peer), () =>
    peer.isEnded ? undefined : refuseInPlace(frame, peer, tooFast(frame.type, rate), context),
  );
}

function refuseInPlace(
  frame: ClientFrame,
  peer: Peer,
  notNow: NotNow,
  context: FrameContext,
): MaybePromise<void> {
  switch (frame.type) {
    case 'send': {
      const membership = peer.memberships.get(frame.room);
      if (membership && !mayNack(membership)) return;
      return putOffFrame(peer, frame, notNow);
    }
    case 'join':
    case 'broadcast':
    case 'presence':
    case 'history':
      return putOffFrame(peer, frame, notNow);
    default:
      // A frame that ends something or proves an identity is never too much.
      return dispatchFrame(frame, peer, context);
  }
}

/** False while the server waits for an earlier message: this one is passed over in silence then. */
function mayNack(membership: Membership): boolean {
  return membership.resendAfter === null && askForResend(membership);
}
