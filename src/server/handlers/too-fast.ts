// Frames of a connection that speaks too fast: refused for now, in their place, so that nothing overtakes.
import type { ClientFrame } from '../../protocol/frames.js';
import { landing } from '../flying.js';
import { handle } from '../handle.js';
import { chain } from '../maybe.js';
import { tell, type Peer } from '../peer.js';
import type { MaybePromise } from '../ports.js';
import type { Services } from '../services.js';

/** Messages for which there should be tokens when a client goes on, so that it does not stop at each; no more than a full bucket holds. */
const some = (rate: number): number => Math.min(256, rate * 2);
const reason = 'too fast';

/** In how many ms one more would be let through, and how many a second from then on. */
export interface TooFast {
  readonly wait: number;
  readonly rate: number;
}

/** In its place: after the answers to what is on its way to the broker. */
export function tooFast(
  frame: ClientFrame,
  peer: Peer,
  how: TooFast,
  services: Services,
): MaybePromise<void> {
  return chain(landing(peer), () => (peer.lane.ended ? undefined : refused(frame, peer, how, services)));
}

function refused(
  frame: ClientFrame,
  peer: Peer,
  { wait, rate }: TooFast,
  services: Services,
): MaybePromise<void> {
  switch (frame.type) {
    case 'send': {
      const membership = peer.memberships.get(frame.room);
      // One that waits for an earlier number is passed over anyway.
      if (membership?.gapped) return;
      if (membership) Object.assign(membership, { gapped: true, told: membership.last });
      return tell(peer, {
        type: 'nack',
        room: frame.room,
        seq: frame.seq,
        code: 'limited',
        after: Math.ceil(Math.max(wait, (some(rate) * 1_000) / rate)),
        reason,
        details: null,
      });
    }
    case 'join':
    case 'broadcast':
    case 'presence':
      return tell(peer, { type: 'error', ref: frame.room, code: 'limited', reason });
    case 'history':
      return tell(peer, { type: 'error', ref: frame.ref, code: 'limited', reason });
    default:
      // What ends something, or says who is there, is never too much.
      return handle(frame, peer, services);
  }
}
