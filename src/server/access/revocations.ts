// Users who were disconnected, or whose rights changed. An answer of the app that was asked for before that
// is out of date.
import type { NodeEvent } from '../broker/broker.js';
import type { ServerPorts } from '../ports/ports.js';
import { compositeKey } from '../util/composite-key.js';
import { authorizeTimeoutMs } from './authorize.js';

export interface RevocationMoment {
  /** Sequence number: tells which of two revocations in one ms came first. */
  readonly order: number;
  readonly at: number;
}

export interface Revocations {
  /** A user was disconnected, or is to be asked for again, `age` ms ago. */
  record(event: NodeEvent, age: number): void;
  /** The moment now, for {@link Revocations.happenedSince}. */
  currentMoment(): RevocationMoment;
  /** Whether a command for a user came after a moment. */
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
      // No question to the app takes longer than half of this.
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
