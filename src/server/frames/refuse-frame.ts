// The answer to what is refused, but for durable messages.
import { errorCodes } from '../../protocol/codes.js';
import type { ClientFrame } from '../../protocol/frames.js';
import type { NotNow } from '../rooms/not-now.js';
import { tell, type Peer } from '../members/peer.js';

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
  tell(peer, { type: 'error', ref, code, reason, after });
}

export function postpone(peer: Peer, ref: number | string, { notNow, reason, afterMs }: NotNow): void {
  fail(peer, ref, notNow, reason, afterMs);
}

/** Messages for which there should be tokens when a client goes on, so that it does not stop at each; no more than a full bucket holds. */
const some = (rate: number): number => Math.min(256, rate * 2);

/** In how many ms one more would be let through, and how many a second from then on. */
export interface TooFast {
  readonly wait: number;
  readonly rate: number;
}

/** What a client is told whose frame came too fast. */
export const tooFastFor = (type: ClientFrame['type'], { wait, rate }: TooFast): NotNow => ({
  notNow: 'limited',
  reason: 'too fast',
  afterMs: Math.ceil(type === 'send' ? Math.max(wait, (some(rate) * 1_000) / rate) : wait),
});
