// Frames of a connection that speaks too fast: refused for now, in their place, so that nothing overtakes.
import type { ClientFrame } from '../../protocol/frames.js';
import { landing } from './pipelining.js';
import { handle } from './dispatch.js';
import { chain, type MaybePromise } from '../util/maybe-promise.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { Services } from './context.js';
import { postpone, tooFastFor, type TooFast } from './refuse-frame.js';

/** In its place: after the answers to what is on its way to the broker. */
export function tooFast(
  frame: ClientFrame,
  peer: Peer,
  how: TooFast,
  services: Services,
): MaybePromise<void> {
  return chain(landing(peer), () => (peer.ended ? undefined : refused(frame, peer, how, services)));
}

function refused(frame: ClientFrame, peer: Peer, how: TooFast, services: Services): MaybePromise<void> {
  const it = tooFastFor(frame.type, how);
  switch (frame.type) {
    case 'send': {
      const membership = peer.memberships.get(frame.room);
      // One that waits for an earlier number is passed over anyway.
      if (membership?.gapped) return;
      if (membership) Object.assign(membership, { gapped: true, told: membership.last });
      return queueFrame(peer, {
        type: 'nack',
        room: frame.room,
        seq: frame.seq,
        code: it.notNow,
        after: it.afterMs,
        reason: it.reason,
        details: null,
      });
    }
    case 'join':
    case 'broadcast':
    case 'presence':
      return postpone(peer, frame.room, it);
    case 'history':
      return postpone(peer, frame.ref, it);
    default:
      // What ends something, or says who is there, is never too much.
      return handle(frame, peer, services);
  }
}
