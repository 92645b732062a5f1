// "Not now": nothing is settled, and the same may be asked again after a while.
import { RealtimeError } from '../../protocol/error.js';

export interface NotNow {
  readonly notNow: 'unavailable' | 'limited';
  readonly reason: string;
  /** In how many ms it may be asked again. Null: the server does not know. */
  readonly afterMs: number | null;
}

/** What the app's code says to an operation: yes, no, or not now. */
export type Answer = 'yes' | 'no' | NotNow;

/** The shortest and the longest time for which the app's code puts something off, in ms. */
export const minPutOffMs = 200;
export const maxPutOffMs = 30_000;

/** The app's code did not answer in time. */
export const notInTime: NotNow = {
  notNow: 'unavailable',
  reason: 'the server could not answer in time',
  afterMs: 1_000,
};

/** What an error of the app's code says, where it says "not now"; otherwise null. */
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
