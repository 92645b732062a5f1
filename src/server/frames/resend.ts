// The request to send a membership's messages again from a number on.
import type { Membership } from '../members/peer.js';

/**
 * Notes that the client is asked to send its messages again, beginning with the one after `lastSeq`. Later messages
 * are passed over in silence until that one comes. Returns false if the client was asked for the same already.
 */
export function askForResend(membership: Membership): boolean {
  if (membership.resendAfter === membership.lastSeq) return false;
  membership.resendAfter = membership.lastSeq;
  return true;
}
