// Frames of a connection that speaks too fast: refused for now, in their place, so that nothing overtakes.
import type { ClientFrame } from '../../protocol/frames.js';
import { appendsSettled } from './pipelining.js';
import { dispatchFrame } from './dispatch.js';
import { thenMaybe, type MaybePromise } from '../util/maybe-promise.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { FrameContext } from './context.js';
import { askForResend } from './resend.js';
import { postpone, tooFastFor, type TooFast } from './refuse-frame.js';

/** In its place: after the answers to what is on its way to the broker. */
export function refuseTooFast(
  frame: ClientFrame,
  peer: Peer,
  rate: TooFast,
  context: FrameContext,
): MaybePromise<void> {
  return thenMaybe(appendsSettled(peer), () =>
    peer.isEnded ? undefined : refuseInPlace(frame, peer, rate, context),
  );
}

function refuseInPlace(
  frame: ClientFrame,
  peer: Peer,
  rate: TooFast,
  context: FrameContext,
): MaybePromise<void> {
  const notNow = tooFastFor(frame.type, rate);
  switch (frame.type) {
    case 'send': {
      const membership = peer.memberships.get(frame.room);
      // One that waits for an earlier number is passed over anyway.
      if (membership && membership.resendAfter !== null) return;
      if (membership) askForResend(membership);
      return queueFrame(peer, {
        type: 'nack',
        room: frame.room,
        seq: frame.seq,
        code: notNow.notNow,
        after: notNow.afterMs,
        reason: notNow.reason,
        details: null,
      });
    }
    case 'join':
    case 'broadcast':
    case 'presence':
      return postpone(peer, frame.room, notNow);
    case 'history':
      return postpone(peer, frame.ref, notNow);
    default:
      // What ends something, or says who is there, is never too much.
      return dispatchFrame(frame, peer, context);
  }
}
