// The numbers of a session's durable messages.
import type { ClientFrame } from '../../protocol/frames.js';
import type { Membership } from '../members/peer.js';

export type SendFrame = Extract<ClientFrame, { type: 'send' }>;

/** The seq that must be the last one in the log for this message to come next. */
export const precedingSeq = ({ follows, seq }: SendFrame): number => follows ?? seq - 1;

/**
 * Notes that the client is asked to send its messages again, beginning with the one after `lastSeq`. Later messages
 * are passed over in silence until that one comes (P28). Returns false if the client was asked for the same already.
 */
export function askForResend(membership: Membership): boolean {
  if (membership.resendAfter === membership.lastSeq) return false;
  membership.resendAfter = membership.lastSeq;
  return true;
}
