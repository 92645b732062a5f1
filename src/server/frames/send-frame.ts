// The frame of a durable message, and the number before it.
import type { ClientFrame } from '../../protocol/frames.js';

export type SendFrame = Extract<ClientFrame, { type: 'send' }>;

/** The number that must be the last one known, for this one to come next. */
export const precedingSeq = ({ follows, seq }: SendFrame): number => follows ?? seq - 1;
