// "Not now": nothing is settled, and the client may ask again after a while.
import { RealtimeError } from '../../protocol/error.js';

export interface NotNow {
  readonly notNow: 'unavailable' | 'limited';
  readonly reason: string;
  /** In how many ms the client may ask again. Null if the server does not know. */
  readonly afterMs: number | null;
}

/** An answer of the app's code to an operation: yes, no, or not now. */
export type Answer = 'yes' | 'no' | NotNow;

/** The shortest and the longest time for which the app's code puts something off, in ms. */
export const minPutOffMs = 200;
export const maxPutOffMs = 30_000;

/** The answer when the app's code took too long. */
export const notInTime: NotNow = {
  notNow: 'unavailable',
  reason: 'the server could not answer in time',
  afterMs: 1_000,
};

/** The meaning of an error of the app's code, if it says "not now"; otherwise null. */
export function notNowOf(error: unknown): NotNow | null {
  if (!(error instanceof RealtimeError)) return null;
  const { code, after } = error;
  if (code !== 'unavailable' && code !== 'limited') return null;
  const isTime = typeof after === 'number' && !Number.isNaN(after);
  return {
    notNow: code,
    reason: 'the server cannot do it now',
    afterMs: isTime ? Math.ceil(Math.min(maxPutOffMs, Math.max(minPutOffMs, after))) : null,
  };
}
