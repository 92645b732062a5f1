// Users whose connections were ended, or whose rights changed: what was asked of the app before that is out
// of date when its answer comes.
import { authorizeTimeoutMs } from './authorize.js';
import type { NodeEvent } from '../broker/broker.js';
import type { ServerPorts } from '../ports/ports.js';
import { compositeKey } from '../util/composite-key.js';

export interface RevocationMoment {
  /** The how manieth it is: of two in one millisecond, one is later. */
  readonly order: number;
  readonly at: number;
}

export interface Revocations {
  /** A user was ended or is to be asked for anew, `age` ms ago. */
  record(event: NodeEvent, age: number): void;
  /** The moment, as {@link Revocations.happenedSince} takes it. */
  currentMoment(): RevocationMoment;
  /** Whether that was told of a user since a moment. */
  happenedSince(moment: RevocationMoment, type: NodeEvent['type'], user: string): boolean;
}

export function createRevocations({
  setTimer,
  monotonicNow,
}: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>): Revocations {
  const latestMoments = new Map<string, RevocationMoment>();
  let order = 0;
  return {
    record({ type, user }, age) {
      const key = compositeKey(type, user);
      const moment: RevocationMoment = { order: ++order, at: monotonicNow() - age };
      latestMoments.set(key, moment);
      // No question to the app takes longer.
      setTimer(authorizeTimeoutMs * 2, () => {
        if (latestMoments.get(key) === moment) latestMoments.delete(key);
      });
    },
    currentMoment: () => ({ order, at: monotonicNow() }),
    happenedSince(earlier, type, user) {
      const latest = latestMoments.get(compositeKey(type, user));
      return latest !== undefined && latest.order > earlier.order && latest.at >= earlier.at;
    },
  };
}
