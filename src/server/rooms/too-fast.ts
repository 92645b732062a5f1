// The answer to a frame that came too fast.
import type { ClientFrame } from '../../protocol/frames.js';
import type { NotNow } from './not-now.js';

/** A rate that a frame exceeded. */
export interface ExceededRate {
  /** In how many ms one more frame is let through. */
  readonly waitMs: number;
  /** How many frames a second are let through from then on. */
  readonly perSecond: number;
}

/** Messages that a client may send at once when it resumes, or as many as a full bucket lets through. */
const maxResumeBurst = 256;

/** How long it takes until the client can resume with a burst, instead of stopping after each message, in ms. */
const burstWaitMs = (perSecond: number): number =>
  (Math.min(maxResumeBurst, perSecond * 2) * 1_000) / perSecond;

/** The answer to a frame that came too fast. */
export const tooFast = (type: ClientFrame['type'], { waitMs, perSecond }: ExceededRate): NotNow => ({
  notNow: 'limited',
  reason: 'too fast',
  afterMs: Math.ceil(type === 'send' ? Math.max(waitMs, burstWaitMs(perSecond)) : waitMs),
});
